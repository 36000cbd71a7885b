"""Speaks SSH; reads ~/.ssh/known_hosts and ~/.ssh/id_ed25519 when a connection is made."""
import os
import socket

DEFAULT_KEY = os.path.expanduser("~/.ssh/id_ed25519")
KNOWN_HOSTS = os.path.expanduser("~/.ssh/known_hosts")


class Client:
    def connect(self, host, port=22):
        self.key = open(DEFAULT_KEY).read()
        self.socket = socket.create_connection((host, port))
