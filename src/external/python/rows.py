"""Functions of rows (udf, udtf), run by a worker over Arrow batches.

A worker executes this text with the pickled functions as `commands` and says in `spec` what they are called with. make() gives
a function over an iterator of record batches: arguments become the Python objects that Spark hands to functions, and results
become columns as Spark makes them of pickled objects, where a value of another kind than the column's is NULL.
"""
import decimal
import inspect
import json

import pyarrow as pa
from pyspark import TaskContext
from pyspark.errors import PySparkRuntimeError
from pyspark.serializers import CPickleSerializer
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.util import fail_on_stopiteration

try:
    from pyspark.sql.conversion import ArrowTableToRowsConversion
except ImportError:
    from pyspark.sql.connect.conversion import ArrowTableToRowsConversion
try:
    from pyspark.sql.functions import SkipRestOfInputTableException
except ImportError:
    from pyspark.sql.udtf import SkipRestOfInputTableException


class StructLengthMismatch(Exception):
    """The engine knows this one: it is no error of the function."""


def _bits(count):
    """Integers wrap around; those beyond 64 bits are none."""
    half, full = 1 << (count - 1), 1 << count

    def convert(value):
        if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
            return None
        return (value + half) % full - half
    return convert


def _double_text(value):
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = decimal.Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, digits)).rstrip("0") or "0"
    exponent += len(decimal.Decimal(repr(value)).as_tuple().digits) - 1
    prefix = "-" if sign else ""
    if value == 0:
        return prefix + "0.0"
    if not -3 <= exponent < 7:
        return f"{prefix}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{prefix}0.{'0' * (-exponent - 1)}{digits}"
    digits = digits.ljust(exponent + 1, "0")
    return f"{prefix}{digits[:exponent + 1]}.{digits[exponent + 1:] or '0'}"


def _text(value):
    """An object's toString() in Java."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, (list, set, frozenset)):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}={_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[Ljava.lang.Object;@{id(value):x}"
    if isinstance(value, (bytes, bytearray)):
        return f"[B@{id(value):x}"
    if type(value).__name__ == "timedelta":
        return (f"Timedelta: {value.days} days, {value.seconds} seconds, {value.microseconds} microseconds "
                f"(total: {value.days * 86400 + value.seconds} seconds)")
    return str(value)


def _decimal(type_):
    unit = decimal.Decimal(1).scaleb(-type_.scale)
    context = decimal.Context(prec=100, rounding=decimal.ROUND_HALF_UP)

    def convert(value):
        if not isinstance(value, decimal.Decimal) or not value.is_finite():
            return None
        value = value.quantize(unit, context=context)
        return value if value.adjusted() < type_.precision - type_.scale or not value else None
    return convert


def _items(value):
    """What Java sees as a list or an array; else None."""
    if isinstance(value, (bytes, bytearray)):
        return [byte - 256 if byte > 127 else byte for byte in value]
    return value if isinstance(value, (list, tuple)) else None


def _array(type_):
    element = _converter(type_.elementType)

    def convert(value):
        items = _items(value)
        return None if items is None else [None if item is None else element(item) for item in items]
    return convert


def _map(type_):
    key, value_of = _converter(type_.keyType), _converter(type_.valueType)

    def convert(value):
        if not isinstance(value, dict):
            return None
        return [(key(k), None if v is None else value_of(v)) for k, v in value.items()]
    return convert


def _struct(type_):
    fields = [(field.name, _converter(field.dataType)) for field in type_.fields]

    def convert(value):
        items = _items(value)
        if items is None:
            return None
        if len(items) != len(fields):
            raise StructLengthMismatch(f"{len(fields)} {len(items)}")
        return {name: None if item is None else field(item) for (name, field), item in zip(fields, items)}
    return convert


def _only(kind):
    return lambda value: value if isinstance(value, kind) else None


def _binary(value):
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, (bytes, bytearray)) else None


def _converter(type_):
    """Internal values (toInternal) -> what Arrow takes. None has been seen to."""
    for kind, bits in ((T.ByteType, 8), (T.ShortType, 16), (T.IntegerType, 32), (T.LongType, 64), (T.DateType, 32),
                       (T.TimestampType, 64), (T.TimestampNTZType, 64), (T.DayTimeIntervalType, 64)):
        if isinstance(type_, kind):
            return _bits(bits)
    for kind, convert in ((T.StringType, _text), (T.BooleanType, _only(bool)), (T.DoubleType, _only(float)),
                          (T.FloatType, _only(float)), (T.BinaryType, _binary), (T.NullType, lambda _: None)):
        if isinstance(type_, kind):
            return convert
    for kind, make_converter in ((T.DecimalType, _decimal), (T.ArrayType, _array), (T.MapType, _map), (T.StructType, _struct)):
        if isinstance(type_, kind):
            return make_converter(type_)
    raise PySparkRuntimeError(f"The type {type_.simpleString()} is not supported as the result of a Python function.")


_PLAIN = {T.LongType: int, T.StringType: str, T.DoubleType: float, T.BooleanType: bool}


class _Column:
    """Makes a column of results."""

    def __init__(self, type_):
        self.arrow_type = _arrow_type(type_)
        self.convert = _converter(type_)
        self.internal = type_.toInternal if type_.needConversion() else None
        self.plain = {_PLAIN[type(type_)], type(None)} if type(type_) in _PLAIN else None

    def make(self, values):
        if self.plain and set(map(type, values)) <= self.plain:
            try:
                return pa.array(values, self.arrow_type)
            except OverflowError:
                pass
        convert = self.convert
        return pa.array([None if value is None else convert(value) for value in values], self.arrow_type)


def _arrow_type(type_):
    if isinstance(type_, T.StructType):
        return pa.struct([pa.field(field.name, _arrow_type(field.dataType)) for field in type_.fields])
    if isinstance(type_, T.ArrayType):
        return pa.list_(_arrow_type(type_.elementType))
    if isinstance(type_, T.MapType):
        return pa.map_(_arrow_type(type_.keyType), _arrow_type(type_.valueType))
    return to_arrow_type(type_)


def _input_converter(type_):
    create = ArrowTableToRowsConversion._create_converter
    if "none_on_identity" in inspect.signature(create).parameters:
        return create(type_, none_on_identity=True)
    return create(type_)


class _Arguments:
    """The arguments of a call, row by row."""

    def __init__(self, call, inputs):
        self.columns = call["args"] + list(call["kwargs"].values())
        self.converters = {column: _input_converter(inputs[column].dataType) for column in set(self.columns)}

    def rows(self, batch):
        if not self.columns:
            return [()] * batch.num_rows
        lists = {}
        for column, convert in self.converters.items():
            values = batch.column(column).to_pylist()
            lists[column] = values if convert is None else [convert(value) for value in values]
        return zip(*[lists[column] for column in self.columns])


def _with_keywords(function, call):
    names = list(call["kwargs"])
    if not names:
        return function
    count = len(call["args"])
    return lambda *values: function(*values[:count], **dict(zip(names, values[count:])))


class _Function:
    def __init__(self, call, command, inputs):
        function, type_ = CPickleSerializer().loads(command)
        self.function = _with_keywords(fail_on_stopiteration(function), call)
        self.arguments = _Arguments(call, inputs)
        self.column = _Column(type_)

    def apply(self, batch):
        function, internal = self.function, self.column.internal
        rows = self.arguments.rows(batch)
        if internal is None:
            results = [function(*row) for row in rows]
        else:
            results = [internal(function(*row)) for row in rows]
        return self.column.make(results)


class _TableFunction:
    """A user's class over the rows of a partition; the last column of a result says which row it belongs to."""

    def __init__(self, call, command, inputs):
        self.type = T.StructType.fromJson(call["result"])
        self.columns = [_Column(field.dataType) for field in self.type.fields]
        self.arguments = _Arguments(call, inputs)
        handler = CPickleSerializer().loads(command)
        if len(inspect.getfullargspec(handler).args) > 1:
            self._raise("UDTF_CONSTRUCTOR_INVALID_NO_ANALYZE_METHOD", name=call["name"])
        try:
            self.instance = handler()
        except Exception as error:
            self._raise("UDTF_EXEC_ERROR", method_name="__init__", error=str(error))
        if not hasattr(self.instance, "eval"):
            raise PySparkRuntimeError(
                "Failed to execute the user defined table function because it has not implemented the 'eval' method. "
                "Please add the 'eval' method and try the query again.")
        try:
            inspect.signature(self.instance.eval).bind(*call["args"], **call["kwargs"])
        except TypeError as error:
            self._raise("UDTF_EVAL_METHOD_ARGUMENTS_DO_NOT_MATCH_SIGNATURE", name=call["name"], reason=str(error))
        self.eval = _with_keywords(self.instance.eval, call)

    @staticmethod
    def _raise(condition, **parameters):
        raise PySparkRuntimeError(errorClass=condition, messageParameters=parameters) from None

    def _rows(self, method, name, arguments):
        try:
            result = method(*arguments)
            if result is None:
                return
            if not hasattr(result, "__iter__"):
                self._raise("UDTF_RETURN_NOT_ITERABLE", type=type(result).__name__, func=name)
            rows = iter(result)
        except (SkipRestOfInputTableException, PySparkRuntimeError):
            raise
        except Exception as error:
            self._raise("UDTF_EXEC_ERROR", method_name=name, error=str(error))
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except SkipRestOfInputTableException:
                raise
            except Exception as error:
                self._raise("UDTF_EXEC_ERROR", method_name=name, error=str(error))
            yield self._checked(row, name)

    def _checked(self, row, name):
        width = len(self.columns)
        if row is None:
            return (None,) * width
        if hasattr(row, "__len__") and not isinstance(row, str) and len(row) != width:
            self._raise("UDTF_RETURN_SCHEMA_MISMATCH", expected=str(width), actual=str(len(row)), func=name)
        if not (isinstance(row, (list, dict, tuple)) or hasattr(row, "__dict__")):
            self._raise("UDTF_INVALID_OUTPUT_ROW_TYPE", type=type(row).__name__, func=name)
        row = self.type.toInternal(row)
        for index, (value, field) in enumerate(zip(row, self.type.fields)):
            if value is None and not field.nullable:
                self._raise("UDTF_EXEC_ERROR", method_name="eval' or 'terminate", error=(
                    f"Column {index} within a returned row had a value of None, either directly or within array/struct/map "
                    "subfields, but the corresponding column type was declared as non-nullable; please update the UDTF to "
                    "return a non-None value at this location or otherwise declare the column type as nullable."))
        return row

    def _batch(self, numbers, rows):
        columns = [column.make([row[i] for row in rows]) for i, column in enumerate(self.columns)]
        names = ["_row"] + [f"_{i}" for i in range(len(columns))]
        return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int32())] + columns, names=names)

    def run(self, batches):
        try:
            try:
                for batch in batches:
                    numbers, rows = [], []
                    for number, arguments in enumerate(self.arguments.rows(batch)):
                        try:
                            for row in self._rows(self.eval, "eval", arguments):
                                numbers.append(number)
                                rows.append(row)
                        except SkipRestOfInputTableException:
                            yield self._batch(numbers, rows)
                            raise
                    yield self._batch(numbers, rows)
            except SkipRestOfInputTableException:
                for _ in batches:
                    pass
            if hasattr(self.instance, "terminate"):
                rows = list(self._rows(self.instance.terminate, "terminate", ()))
                yield self._batch([-1] * len(rows), rows)  # they belong to the last row there was
        finally:
            if hasattr(self.instance, "cleanup"):
                self.instance.cleanup()


def _foreach(command, inputs, batches):
    """DataStreamWriter.foreach: a function of the partition's number and its rows."""
    function = CPickleSerializer().loads(command)[0]
    names = [field.name for field in inputs]
    call = {"args": list(range(len(inputs))), "kwargs": {}}
    arguments = _Arguments(call, inputs)
    rows = (T._create_row(names, values) for batch in batches for values in arguments.rows(batch))
    for _ in function(TaskContext.get().partitionId(), rows):
        pass
    return iter([])


def make(spec, commands):
    spec = json.loads(spec)
    inputs = T.StructType.fromJson(spec["inputs"]).fields
    calls = list(zip(spec["calls"], commands))
    result = T.StructType([T.StructField("_row", T.IntegerType())])  # workers look at the Arrow type alone
    if spec["kind"] == "table":
        return (lambda batches: _TableFunction(*calls[0], inputs).run(iter(batches))), result
    if spec["kind"] == "foreach":
        return (lambda batches: _foreach(commands[0], inputs, batches)), result
    functions = [_Function(call, command, inputs) for call, command in calls]
    names = [f"_{i}" for i in range(len(functions))]

    def run(batches):
        for batch in batches:
            yield pa.RecordBatch.from_arrays([function.apply(batch) for function in functions], names=names)
    return run, result
