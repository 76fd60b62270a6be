"""`nn.Module` and its containers, as far as emitted classes see them: names, order, weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar, cast

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.emit.values import Values
from cnnspec_torch.attributes import MODULE_ATTRIBUTES
from cnnspec_torch.symbolic.tensors import Parameter, Tensor

M = TypeVar("M", bound="Module")


class Module:
    """A module: its members in order, under their names."""

    _modules: dict[str, Module | None]
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    #: The run that it is in; a module that its model does not know of is in none, and trains.
    _symbol_values: Values | None = None

    def __init__(self) -> None:
        self.__dict__.update(_modules={}, _parameters={}, _buffers={})

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self.forward(*arguments, **keywords)

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        """Do what the module does."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    # --- attributes

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            self._forget(name)
            own["_parameters"][name] = value
        elif isinstance(value, Module):
            if "_modules" not in own:
                raise AttributeError("cannot assign module before Module.__init__() call")
            if name not in own["_modules"]:
                self._forget(name)
            own["_modules"][name] = value
        elif name in own.get("_modules", ()):
            if value is not None:
                raise TypeError(f"cannot assign a {type(value).__name__} as child module {name}")
            own["_modules"][name] = None
        elif name in own.get("_parameters", ()):
            if value is not None:
                raise TypeError(f"cannot assign a {type(value).__name__} as parameter {name}")
            own["_parameters"][name] = None
        elif name in own.get("_buffers", ()):
            own["_buffers"][name] = value
        else:
            own[name] = value

    def _forget(self, name: str) -> None:
        own = self.__dict__
        if "_parameters" not in own:
            raise AttributeError("cannot assign parameters before Module.__init__() call")
        own.pop(name, None)
        own["_modules"].pop(name, None)
        own["_buffers"].pop(name, None)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in own.get(kind, ()):
                return own[kind][name]
        if name in MODULE_ATTRIBUTES and not name.startswith("__"):
            raise NotInterpreted(f"it uses nn.Module.{name}")
        raise AttributeError(f"{type(self).__name__} has no attribute {name}")

    def __delattr__(self, name: str) -> None:
        for kind in (self._parameters, self._buffers, self._modules):
            if name in kind:
                del kind[name]
                return
        object.__delattr__(self, name)

    # --- members

    def add_module(self, name: str, module: Module | None) -> None:
        """Put a module under a name."""
        if not isinstance(name, str):
            raise TypeError(f"a module's name is a word, not {name!r}")
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"a {type(module).__name__} is no module")
        if "." in name or not name:
            raise KeyError(f"a module cannot be called {name!r}")
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute {name!r} already exists")
        self._modules[name] = module

    register_module = add_module

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Put a weight under a name."""
        if "." in name or not name:
            raise KeyError(f"a parameter cannot be called {name!r}")
        if hasattr(self, name) and name not in self._parameters:
            raise KeyError(f"attribute {name!r} already exists")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"a {type(param).__name__} is no parameter")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Put a tensor that is no weight under a name."""
        if persistent and tensor is not None:
            raise NotInterpreted("it keeps a buffer of its own")
        self._buffers[name] = tensor

    def get_submodule(self, target: str) -> Module:
        """Give the module at a path."""
        found: Module = self
        for name in target.split(".") if target else ():
            found = getattr(found, name)
            if not isinstance(found, Module):
                raise TypeError(f"{name!r} is no module")
        return found

    def get_parameter(self, target: str) -> Parameter:
        """Give the weight at a path."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path).__dict__["_parameters"][name]
        assert isinstance(found, Parameter)
        return found

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Go through the modules in it."""
        for name, each in self._modules.items():
            if each is not None:
                yield name, each

    def children(self) -> Iterator[Module]:
        """Go through the modules in it."""
        for _, each in self.named_children():
            yield each

    def modules(self) -> Iterator[Module]:
        """Go through itself and all that is in it."""
        yield self
        for each in self.children():
            yield from each.modules()

    def parameters(self) -> Iterator[Parameter]:
        """Go through the weights."""
        found: list[Held] = []
        self.symbol_walk__("", found, None)
        for _, module, name, each in found:
            if name in module.__dict__["_parameters"]:
                yield each

    def symbol_walk__(self, prefix: str, found: list[Held], values: Values | None) -> None:
        """List what its state has, by key, in order; say of which run its modules are."""
        own = self.__dict__
        if values is not None:
            own["_symbol_values"] = values
        for kind in (own["_parameters"], own["_buffers"]):
            for name, each in kind.items():
                if isinstance(each, Parameter):
                    found.append((prefix + name, self, name, each))
        for name, module in own["_modules"].items():
            if module is not None:
                module.symbol_walk__(f"{prefix}{name}.", found, values)

    # --- the mode

    @property
    def training(self) -> bool:
        """Whether the model is in training; that it was asked is noted."""
        if self._symbol_values is not None:
            self._symbol_values.asked = True
        return self._symbol_trains()

    def _symbol_trains(self) -> bool:
        return self._symbol_values is None or self._symbol_values.training


#: A weight: its key, its module, its name there.
Held = tuple[str, Module, str, Parameter]


class Sequential(Module):
    """Modules one after another."""

    def __init__(self, *members: Any) -> None:
        super().__init__()
        if len(members) == 1 and isinstance(members[0], OrderedDict):
            for name, each in members[0].items():
                self.add_module(name, each)
        else:
            for place, each in enumerate(members):
                self.add_module(str(place), each)

    def forward(self, input: Any) -> Any:
        for each in self._modules.values():
            input = cast("Module", each)(input)
        return input

    def append(self, module: Module) -> Self:
        """Put a module at the end."""
        self.add_module(str(len(self._modules)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Put modules at the end."""
        for each in modules:
            self.add_module(str(len(self._modules)), each)
        return self

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(cast("list[Module]", list(self._modules.values())))

    def __getitem__(self, index: Any) -> Any:
        names = list(self._modules)
        if isinstance(index, slice):
            return type(self)(OrderedDict((name, self._modules[name]) for name in names[index]))
        return self._modules[names[index]]


class ModuleList(Sequential):
    """Modules by their places."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__(*(() if modules is None else modules))

    def forward(self, input: Any) -> Any:
        raise NotImplementedError("ModuleList has no forward")

    def __getitem__(self, index: Any) -> Any:
        names = list(self._modules)
        if isinstance(index, slice):
            return type(self)([cast("Module", self._modules[name]) for name in names[index]])
        return self._modules[names[index]]


class ModuleDict(Module):
    """Modules by their names."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def update(self, modules: Mapping[str, Module]) -> None:
        """Put modules in."""
        for name, each in modules.items():
            self[name] = each

    def __getitem__(self, key: str) -> Module:
        return cast("Module", self._modules[key])

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def keys(self) -> Iterable[str]:
        """Give the names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """Give the modules."""
        return cast("Iterable[Module]", self._modules.values())

    def items(self) -> Iterable[tuple[str, Module]]:
        """Give names and modules."""
        return cast("Iterable[tuple[str, Module]]", self._modules.items())
