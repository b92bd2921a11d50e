// A canary without a bug has no source of its own.
