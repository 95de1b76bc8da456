"""The connectivity report (疎通確認報告書): what was checked on site, on paper, to be signed."""
