"""The stages of a walk: each reads things of one kind, publishes them, and says what they lead to."""
