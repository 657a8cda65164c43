from django.urls import include, path

from apppasswords import hook_views, views
from apppasswords.guides import views as guides

urlpatterns = [
    # Here, because guides stand above the pages that lead to them.
    path("app-passwords/", views.app_passwords, {"guide_for": guides.likely}, name="app_passwords"),
    path("app-passwords/remove-all/", views.app_passwords_remove_all, name="app_passwords_remove_all"),
    path("app-passwords/<int:pk>/", views.connection, name="connection"),
    path("hooks/stolen/", hook_views.stolen, name="hook_stolen"),
    path("", include("apppasswords.guides.urls")),
    path("", include("apppasswords.setup.urls")),
]
