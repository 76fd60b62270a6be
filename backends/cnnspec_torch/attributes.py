"""The names that an attribute of an emitted module must not take: they mean something already."""

from __future__ import annotations

from typing import Final

#: Every name of `torch.nn.Module`, `Sequential` and `ModuleDict`, of classes and instances. A test
#: holds them against the installed torch.
_NAMES: Final = """
    T_destination __add__ __annotations__ __call__ __class__ __constants__ __contains__
    __delattr__ __delitem__ __dict__ __dir__ __doc__ __eq__ __format__ __ge__ __getattr__
    __getattribute__ __getitem__ __getstate__ __gt__ __hash__ __iadd__ __imul__ __init__
    __init_subclass__ __iter__ __le__ __len__ __lt__ __module__ __mul__ __ne__ __new__ __reduce__
    __reduce_ex__ __repr__ __rmul__ __setattr__ __setitem__ __setstate__ __sizeof__ __str__
    __subclasshook__ __weakref__ _apply _backward_hooks _backward_pre_hooks _buffers _call_impl
    _compiled_call_impl _forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs
    _forward_pre_hooks _forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks
    _get_item_by_idx _get_name _is_full_backward_hook _load_from_state_dict
    _load_state_dict_post_hooks _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook
    _modules _named_members _non_persistent_buffers_set _parameters
    _register_load_state_dict_pre_hook _register_state_dict_hook _replicate_for_data_parallel
    _save_to_state_dict _slow_forward _state_dict_hooks _state_dict_pre_hooks _version
    _wrapped_call_impl add_module append apply bfloat16 buffers call_super_init children clear
    compile cpu cuda double dump_patches eval extend extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule half insert ipu items keys load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters pop
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type update values xpu
    zero_grad
"""
MODULE_ATTRIBUTES: Final = frozenset(_NAMES.split())
#: What emitted classes keep for themselves: channels that come out, paths that are worked out.
OWN_ATTRIBUTES: Final = frozenset(("out_channels", "names"))
_STEMS: Final = frozenset(name.rstrip("_") for name in MODULE_ATTRIBUTES | OWN_ATTRIBUTES)


def attribute(segment: str) -> str:
    """Give the attribute's name for a segment of a path: itself, or escaped, one to one.

    >>> attribute("conv1"), attribute("train"), attribute("train_")
    ('conv1', 'train_', 'train__')
    """
    return f"{segment}_" if segment.rstrip("_") in _STEMS else segment


def state_key(path: str, weight: str) -> str:
    """Give a weight's key in the state dict: the spec's path, save for names that torch has."""
    return ".".join([*map(attribute, path.split(".")), *([weight] if weight else [])])
