from django.urls import path

from apppasswords.guides import views

urlpatterns = [
    path("guides/", views.guides, name="guides"),
    path("guides/second-step/", views.second_step, name="guide_second_step"),
    path("guides/<slug:program>/", views.guide, name="guide"),
]
