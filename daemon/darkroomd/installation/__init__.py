"""The service of systemd or launchd: the files of `install-service` and `uninstall-service`."""
