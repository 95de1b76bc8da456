"""Who may log in on the page, and how: passwords, second factors, sessions, and what slows those who guess."""
