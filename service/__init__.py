"""The support desk: a Flask application, one package per domain."""
