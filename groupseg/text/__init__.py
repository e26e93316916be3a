"""Class names, captions and the frozen encoder that reads them."""
