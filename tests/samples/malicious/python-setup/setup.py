# Inert: the text that is decoded and run is "pass".
import base64
from setuptools import setup
from setuptools.command.install import install


class Install(install):
    def run(self):
        exec(base64.b64decode("cGFzcw=="))
        install.run(self)


setup(name="sample-setup", version="0.1.0", cmdclass={"install": Install})
