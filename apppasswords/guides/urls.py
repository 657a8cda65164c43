from django.urls import path

from apppasswords.guides import views

urlpatterns = [
    path("guides/", views.guides, name="guides"),
    path("guides/<slug:program>/", views.guide, name="guide"),
]
