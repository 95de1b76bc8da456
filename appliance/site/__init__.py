"""What the vendor decided on site: schema and checks."""
