"""The application that a model belongs to which a block itself defines."""
