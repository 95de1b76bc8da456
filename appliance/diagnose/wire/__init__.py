"""The process that hears what strangers say on a wire: it alone has a packet socket, and no other right."""
