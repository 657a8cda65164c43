from django.urls import include, path

from apppasswords.guides import views as guides
from apppasswords.pages import views

urlpatterns = [
    # Here, because guides stand above the pages that lead to them.
    path("app-passwords/", views.app_passwords, {"guide_for": guides.likely}, name="app_passwords"),
    path("app-passwords/remove-all/", views.app_passwords_remove_all, name="app_passwords_remove_all"),
    path("app-passwords/<int:pk>/", views.connection, name="connection"),
    # Where the add-on's sign-in ends. Thunderbird closes its window when a page begins to come, and not at a redirect.
    path("thunderbird/", guides.guide, {"program": "thunderbird"}, name="thunderbird_back"),
    path("", include("apppasswords.guides.urls")),
    path("", include("apppasswords.setup.urls")),
    path("", include("apppasswords.thefts.urls")),
]
