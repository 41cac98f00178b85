"""Django's settings, and those of quantimodo from the environment."""

import os
import secrets
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from dotenv import load_dotenv

BASE_DIR = Path(__file__).parents[1]
load_dotenv(BASE_DIR / ".env")

QUANTIMODO_ISSUER = os.environ["QUANTIMODO_ISSUER"]
QUANTIMODO_REDIRECT_URI = os.environ["QUANTIMODO_REDIRECT_URI"]
QUANTIMODO_AFTER_SIGN_OUT = urljoin(QUANTIMODO_REDIRECT_URI, "/")
# Authlib reads the client from here.
AUTHLIB_OAUTH_CLIENTS = {
    "quantimodo": {
        "client_id": os.environ["QUANTIMODO_CLIENT_ID"],
        "client_secret": os.environ["QUANTIMODO_CLIENT_SECRET"],
        "server_metadata_url": f"{QUANTIMODO_ISSUER}/.well-known/openid-configuration",
        "client_kwargs": {
            "scope": "openid profile readmeasurements offline_access",
            "code_challenge_method": "S256",
        },
    }
}

# With several processes, set the same key for all of them.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or secrets.token_hex()
ALLOWED_HOSTS = [urlsplit(QUANTIMODO_REDIRECT_URI).hostname]
SECURE = QUANTIMODO_REDIRECT_URI.startswith("https:")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "people",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.RefusedSignIn",
]
ROOT_URLCONF = "project.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"]},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
