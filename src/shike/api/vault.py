"""Where the service finds the vault: it belongs to capture, which has to open camera passwords by itself."""

from shike.capture.vault import KEY_FILE, Vault

__all__ = ["KEY_FILE", "Vault"]
