"""Hooks."""

from .check_classes_hook import CheckClassesHook

__all__ = ['CheckClassesHook']
