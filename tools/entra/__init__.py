"""Signing in with Microsoft Entra ID: tokens, and whom they are asked of."""

from .tokens import (
    App,
    Claims,
    EntraRefused,
    Token,
    app_only_token,
    claims,
    finish_code_flow,
    is_authority,
    is_directory_id,
    is_guid,
    poll_device_flow,
    refresh,
    start_code_flow,
    start_device_flow,
)

__all__ = [
    "App",
    "Claims",
    "EntraRefused",
    "Token",
    "app_only_token",
    "claims",
    "finish_code_flow",
    "is_authority",
    "is_directory_id",
    "is_guid",
    "poll_device_flow",
    "refresh",
    "start_code_flow",
    "start_device_flow",
]
