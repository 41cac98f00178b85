"""What the project stores of a person's account at quantimodo."""

from django.conf import settings
from django.db import models


class QuantimodoAccount(models.Model):
    """The subject never changes; names and e-mail addresses do. `token` is empty after sign-out."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    subject = models.CharField(max_length=255, unique=True)
    token = models.JSONField(default=dict)
