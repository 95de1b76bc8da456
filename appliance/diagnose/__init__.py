"""What a vendor asks on site. Each question is answered from what is seen, in words, and changes nothing."""
