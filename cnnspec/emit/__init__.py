"""What a backend that writes Python source is made of."""
