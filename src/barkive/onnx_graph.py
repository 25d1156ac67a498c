"""Takes the head of a bundle's graph apart, and puts another one on, without the package `onnx`.

Of the ONNX format (onnx.proto, version 1.18) only the few fields are declared here that this
needs. What else a file holds stays in it as it is: Protocol Buffers keep fields that they don't
know. ONNX Runtime brings Protocol Buffers along, but not ONNX's own messages. They are imported
when a graph is opened, since a bundle runs without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from barkive.errors import BundleError

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool

_TYPES: Final[Mapping[np.dtype[Any], int]] = {
    np.dtype(np.float32): 1,
    np.dtype(np.int8): 3,
    np.dtype(np.int32): 6,
    np.dtype(np.int64): 7,
}
_DTYPES: Final[Mapping[int, np.dtype[Any]]] = {number: dtype for dtype, number in _TYPES.items()}

# Message → field → (number, type or message, whether it is repeated).
_FIELDS: Final[Mapping[str, Mapping[str, tuple[int, str, bool]]]] = {
    "Model": {
        "graph": (7, "Graph", False),
        "metadata_props": (14, "Entry", True),
        "training_info": (20, "Training", True),
    },
    "Entry": {"key": (1, "string", False), "value": (2, "string", False)},
    "Training": {"initialization": (1, "Graph", False)},
    "Graph": {
        "node": (1, "Node", True),
        "name": (2, "string", False),
        "initializer": (5, "Tensor", True),
        "input": (11, "Value", True),
        "output": (12, "Value", True),
        "value_info": (13, "Value", True),
    },
    "Node": {
        "input": (1, "string", True),
        "output": (2, "string", True),
        "name": (3, "string", False),
        "op_type": (4, "string", False),
    },
    "Tensor": {
        "dims": (1, "int64", True),
        "data_type": (2, "int32", False),
        "name": (8, "string", False),
        "raw_data": (9, "bytes", False),
    },
    "Value": {"name": (1, "string", False), "type": (2, "Type", False)},
    "Type": {"tensor_type": (1, "TensorType", False)},
    "TensorType": {"elem_type": (1, "int32", False), "shape": (2, "Shape", False)},
    "Shape": {"dim": (1, "Dim", True)},
    "Dim": {"dim_value": (1, "int64", False), "dim_param": (2, "string", False)},
}

FEATURES, LOGITS, DOG = "features", "logits", "dog"
TAUGHT_LOGITS: Final = "taught.logits"
"""The logits before anything was learned, inside a graph that has learned."""

_ADDED: Final = "learned"


class Graph:
    """The graph of a bundle, which can be changed and written.

    Examples:
        >>> graph = Graph(Path("our-dogs.onnx").read_bytes())
        >>> head = graph.head()  # an ONNX file from features to logits and dog
    """

    def __init__(self, content: bytes) -> None:
        """Parses a file.

        Args:
            content: Of the ONNX file.

        Raises:
            BundleError: It is none.
        """
        from google.protobuf.message import DecodeError

        self._model: Any = _message("Model")()
        try:
            self._model.ParseFromString(content)
        except DecodeError:
            raise BundleError("bundle_graph_unfit") from None

    def to_bytes(self) -> bytes:
        """The content of the file."""
        content: bytes = self._model.SerializeToString(deterministic=True)
        return content

    def set_metadata(self, key: str, text: str) -> None:
        """Sets one entry of the metadata."""
        kept = [(one.key, one.value) for one in self._model.metadata_props if one.key != key]
        del self._model.metadata_props[:]
        for name, value in (*kept, (key, text)):
            self._model.metadata_props.add(key=name, value=value)

    def notes(self) -> dict[str, NDArray[Any]]:
        """Arrays that the file carries beside its graph: see `set_notes`."""
        return {
            tensor.name: np.frombuffer(bytes(tensor.raw_data), _DTYPES[tensor.data_type])
            .reshape(tuple(tensor.dims))
            .copy()
            for training in self._model.training_info
            for tensor in training.initialization.initializer
            if tensor.data_type in _DTYPES
        }

    def set_notes(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Sets the arrays that the file carries beside its graph.

        They stand where ONNX keeps what only training needs (`training_info`), which inference
        does not look at.

        Args:
            arrays: By their names; of float32, int8, int32 or int64.
        """
        del self._model.training_info[:]
        graph = self._model.training_info.add().initialization
        graph.name = "memory"
        for name, array in arrays.items():
            _set_tensor(graph.initializer.add(), name, array)

    def head(self, *outputs: str) -> bytes:
        """An ONNX file of what comes behind the features, from `features` to some outputs.

        Args:
            outputs: `logits`, `dog` or `TAUGHT_LOGITS`, or several.
        """
        whole = self._model.graph
        nodes, needed = [], set(outputs)
        for node in reversed(whole.node):
            if needed & set(node.output) and FEATURES not in node.output:
                nodes.append(node)
                needed |= set(node.input)
        model = _message("Model")()
        model.CopyFrom(self._model)
        del model.metadata_props[:], model.training_info[:]
        graph = model.graph
        del graph.node[:], graph.initializer[:], graph.input[:], graph.output[:]
        del graph.value_info[:]
        graph.node.extend(reversed(nodes))
        graph.initializer.extend(one for one in whole.initializer if one.name in needed)
        known = {one.name: one for one in whole.output}
        graph.input.add().CopyFrom(known[FEATURES])
        for name in outputs:
            value = graph.output.add()
            value.CopyFrom(known[LOGITS if name == TAUGHT_LOGITS else name])
            value.name = name
            if name == TAUGHT_LOGITS:
                value.type.tensor_type.shape.dim[1].Clear()
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    @property
    def has_learned(self) -> bool:
        """Whether rows were added to the head that it was trained with."""
        return any(TAUGHT_LOGITS in node.output for node in self._model.graph.node)

    def add_rows(
        self,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        places: NDArray[np.intp],
        taught: int,
        labels: int,
    ) -> None:
        """Adds an affine map of the features to the logits that the head was trained to give.

        Rows that were added before are dropped. The logits that the head gave stay, bit for bit,
        where nothing is added to them; a new label starts from their mean.

        Args:
            weight: Shape (channels, rows).
            bias: Shape (rows,).
            places: Which logit each row is added to, shape (rows,).
            taught: How many logits the head gave when it was trained.
            labels: How many there are now.
        """
        graph = self._model.graph
        if not self.has_learned:
            for node in graph.node:
                _rename(node.input, LOGITS, TAUGHT_LOGITS)
                _rename(node.output, LOGITS, TAUGHT_LOGITS)
        self._drop_rows()
        start = np.full((taught, labels), 1 / taught, np.float32)
        start[:, :taught] = np.eye(taught, dtype=np.float32)
        where = np.zeros((len(places), labels), np.float32)
        where[np.arange(len(places)), places] = 1
        arrays = {"weight": weight, "bias": bias, "places": where, "start": start}
        for name, array in arrays.items():
            _set_tensor(graph.initializer.add(), f"{_ADDED}.{name}", array.astype(np.float32))
        for kind, inputs, output in (
            ("Gemm", (FEATURES, f"{_ADDED}.weight", f"{_ADDED}.bias"), f"{_ADDED}.rows"),
            ("MatMul", (f"{_ADDED}.rows", f"{_ADDED}.places"), f"{_ADDED}.placed"),
            ("MatMul", (TAUGHT_LOGITS, f"{_ADDED}.start"), f"{_ADDED}.started"),
            ("Add", (f"{_ADDED}.started", f"{_ADDED}.placed"), LOGITS),
        ):
            graph.node.add(name=f"{_ADDED}.{output}", op_type=kind, input=inputs, output=[output])
        for value in graph.output:
            if value.name == LOGITS:
                value.type.tensor_type.shape.dim[1].dim_value = labels

    def _drop_rows(self) -> None:
        graph = self._model.graph
        for part in (graph.node, graph.initializer):
            kept = [one for one in part if not one.name.startswith(f"{_ADDED}.")]
            copies = [type(one).FromString(one.SerializeToString()) for one in kept]
            del part[:]
            part.extend(copies)


def _rename(names: Any, old: str, new: str) -> None:
    for i, name in enumerate(names):
        if name == old:
            names[i] = new


def _set_tensor(tensor: Any, name: str, array: NDArray[Any]) -> None:
    tensor.name = name
    tensor.data_type = _TYPES[array.dtype]
    tensor.dims.extend(array.shape)
    tensor.raw_data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()


@cache
def _message(name: str) -> Any:
    """The class of one of the messages in `_FIELDS`."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"barkive.onnx.{name}"))


@cache
def _pool() -> DescriptorPool:
    from google.protobuf import descriptor_pb2, descriptor_pool

    file = descriptor_pb2.FileDescriptorProto(
        name="barkive/onnx.proto", package="barkive.onnx", syntax="proto2"
    )
    for message, fields in _FIELDS.items():
        declared = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            field = declared.field.add(name=name, number=number)
            field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in _FIELDS:
                field.type, field.type_name = field.TYPE_MESSAGE, f".barkive.onnx.{kind}"
            else:
                field.type = getattr(field, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
