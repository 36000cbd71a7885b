from setuptools import setup

setup(name='sample-import', version='0.1.0', packages=['sample_import'])
