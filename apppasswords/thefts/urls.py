from django.urls import path

from apppasswords.thefts import views

urlpatterns = [path("hooks/stolen/", views.stolen, name="hook_stolen")]
