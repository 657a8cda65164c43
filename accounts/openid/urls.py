from django.urls import path
from oauth2_provider.views import ConnectDiscoveryInfoView, JwksInfoView, RevokeTokenView, UserInfoView

from accounts.openid import views
from accounts.openid.decorators import no_secret_in_the_address, token_in_the_header

# Under the names that django-oauth-toolkit knows them by.
urlpatterns = [
    path(".well-known/openid-configuration", ConnectDiscoveryInfoView.as_view(), name="oidc-connect-discovery-info"),
    path(".well-known/oauth-authorization-server", views.Metadata.as_view(), name="oauth-server-metadata"),
    path("openid/authorize/", views.authorize, name="authorize"),
    path("openid/token/", no_secret_in_the_address(views.Token.as_view()), name="token"),
    path("openid/userinfo/", token_in_the_header(UserInfoView.as_view()), name="user-info"),
    path("openid/introspect/", no_secret_in_the_address(views.Introspect.as_view()), name="introspect"),
    path("openid/revoke/", no_secret_in_the_address(RevokeTokenView.as_view()), name="revoke-token"),
    path("openid/register/", views.register, name="dcr-register"),
    path("openid/jwks/", JwksInfoView.as_view(), name="jwks-info"),
    path("openid/logout/", views.sign_out, name="rp-initiated-logout"),
]
