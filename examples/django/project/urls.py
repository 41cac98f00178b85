"""The addresses of the project."""

from django.urls import path
from people import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("callback", views.callback),
    path("sign-out", views.sign_out, name="sign-out"),
]
