"""Permissions by the models that have them: what no model has cannot be asked for."""

from django.db.models import Model


def right(act: str, model: type[Model]) -> str:
    """`right("view", Sms)`, `right("lift", Ban)`, `right("help_people", User)`: as `has_perm` takes it.

    ValueError where the model has no such permission.
    """
    options = model._meta
    own = {codename for codename, _name in options.permissions}
    known = own | {f"{default}_{options.model_name}" for default in options.default_permissions}
    for codename in (f"{act}_{options.model_name}", act):
        if codename in known:
            return f"{options.app_label}.{codename}"
    raise ValueError(f"{options.label} has no permission to {act}")
