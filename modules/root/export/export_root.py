"""Exports trees, RNTuples and histograms of a ROOT file to HDF5, in pieces of bounded size.

Started by `twinloom root export`, which passes one JSON object as the argument and reads one JSON object a line:
{"progress", "doing"} as it goes on, and in the end {"done"} or {"error": {"kind", "message", …}}.
"""

import fnmatch
import hashlib
import json
import os
import re
import sys

import awkward as ak
import h5py
import numpy as np
import uproot

HISTOGRAM = re.compile(r"^(TH[123][CSILFD]|TProfile([23]D)?)$")
# What uproot says of branches that it cannot read.
UNREADABLE = (
    NotImplementedError,
    uproot.interpretation.identify.UnknownInterpretation,
    uproot.deserialization.DeserializationError,
)
TEXT = h5py.string_dtype("utf-8")
# Elements of a chunk of a dataset.
CHUNK = 65536


class ExportError(Exception):
    """A failure that the caller knows by its kind."""

    def __init__(self, kind, message, **facts):
        super().__init__(message)
        self.kind = kind
        self.facts = facts


def tell(**message):
    print(json.dumps(message), flush=True)


class Output:
    """Arrays that grow, in one HDF5 file."""

    def __init__(self, file):
        self.file = file
        self.datasets = {}

    def append(self, path, values, dims, attributes=None):
        """Adds rows to a dataset, which the first rows make."""
        dataset = self.datasets.get(path)
        if dataset is None:
            dtype = TEXT if values.dtype.kind in "OU" else values.dtype.newbyteorder("=")
            chunks = (max(1, CHUNK // max(1, int(np.prod(values.shape[1:])))),) + values.shape[1:]
            dataset = self.file.create_dataset(
                path,
                shape=(0,) + values.shape[1:],
                maxshape=(None,) + values.shape[1:],
                dtype=dtype,
                chunks=tuple(max(1, length) for length in chunks),
                compression=4,
                shuffle=dtype is not TEXT,
            )
            for axis, name in enumerate(dims):
                if name is not None:
                    dataset.dims[axis].label = name
            dataset.attrs.update(attributes or {})
            self.datasets[path] = dataset
        if values.shape[1:] != dataset.shape[1:]:
            raise ExportError("unsupported", f"{path}: its entries change their shape")
        start = dataset.shape[0]
        dataset.resize(start + len(values), axis=0)
        if len(values) > 0:
            dataset[start:] = values

    def drop(self, path):
        """Forgets what was begun by this path."""
        for name in [name for name in self.datasets if name == path or name.startswith(f"{path}/")]:
            del self.datasets[name]
        if path in self.file:
            del self.file[path]

    def group(self, path, attributes):
        group = self.file.require_group(path)
        for name, value in attributes.items():
            group.attrs[name] = value


def is_text(layout):
    return layout.parameter("__array__") in ("string", "bytestring")


def add(output, path, array, dim):
    """Adds an array along `dim`; a jagged one as a group of `counts` and `values` (CF's contiguous ragged array)."""
    add_layout(output, path, ak.to_packed(array).layout, dim, os.path.basename(path))


def add_layout(output, path, layout, dim, name, below=None):
    """`below`: what is already a group by this path, in which the parts of the array lie under this prefix."""
    if is_text(layout):
        texts = np.empty(len(layout), dtype=object)
        texts[:] = ak.to_list(layout)
        put(output, path, below, texts, [dim])
    elif layout.is_option:
        plain = layout.to_ByteMaskedArray(valid_when=True)
        if not np.all(np.asarray(plain.mask)):
            raise ExportError("unsupported", f"{path}: missing values inside entries are not exported")
        add_layout(output, path, ak.to_packed(ak.Array(layout.project())).layout, dim, name, below)
    elif layout.is_indexed:
        add_layout(output, path, ak.to_packed(ak.Array(layout.project())).layout, dim, name, below)
    elif layout.is_record:
        for field in layout.fields:
            inner = ak.to_packed(ak.Array(layout[field])).layout
            add_layout(output, f"{path}/{plain_name(field)}", inner, dim, f"{name}_{plain_name(field)}")
    elif layout.is_list and not layout.is_regular:
        add_lists(output, path, layout, dim, name, below)
    elif layout.is_numpy or layout.is_regular:
        values = np.asarray(ak.to_numpy(ak.Array(layout), allow_missing=False))
        put(output, path, below, values, [dim] + [None] * (values.ndim - 1))
    elif layout.is_unknown:
        put(output, path, below, np.empty(0), [dim])
    else:
        raise ExportError("unsupported", f"{path}: arrays of kind {type(layout).__name__} are not exported")


def add_lists(output, path, layout, dim, name, below):
    prefix = below or ""
    kind = "element" if below is None else "value" if below == "inner_" else f"{below}value"
    sample = f"{name}_{kind}"
    counts = np.asarray(ak.num(ak.Array(layout), axis=1), dtype=np.uint32)
    what = {"sample_dimension": sample, "long_name": f"number of elements of each entry of {name}"}
    output.append(f"{path}/{prefix}counts", counts, [dim], what)
    content = ak.to_packed(ak.Array(layout.to_ListOffsetArray64(True).content)).layout
    if content.is_record:
        add_layout(output, path, content, sample, name)
    else:
        add_layout(output, path, content, sample, name, f"{prefix}inner_")


def put(output, path, below, values, dims):
    output.append(path if below is None else f"{path}/values", values, dims)


def plain_name(name):
    """`a[10]` is a; a leading underscore of a field without a name is kept."""
    return re.sub(r"\[.*$", "", name).rstrip(".") or "unnamed"


def columns_of(tree, is_ntuple):
    if is_ntuple:
        return {name: name for name in tree.keys(recursive=False)}
    return {name: name for name in tree.keys(recursive=True) if len(tree[name].branches) == 0}


def chosen(columns, patterns):
    """Names that a pattern fits, in the order of the file; a pattern that fits nothing is an error."""
    for pattern in patterns:
        if not any(fits(name, pattern) for name in columns):
            names = list(columns)
            raise ExportError("branch", f'no branch fits "{pattern}"', wanted=pattern, available=names)
    return [name for name in columns if any(fits(name, pattern) for pattern in patterns)]


def fits(name, pattern):
    plain = "/".join(plain_name(part) for part in name.split("/"))
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(plain, pattern)


def export_tree(output, tree, name, options, tell_progress):
    is_ntuple = isinstance(tree, uproot.behaviors.RNTuple.HasFields)
    columns = columns_of(tree, is_ntuple)
    names = chosen(columns, options["branches"] or ["*"])
    skipped = {}
    if not is_ntuple:
        for column in list(names):
            problem = unreadable(tree[column])
            if problem:
                names.remove(column)
                skipped[column] = problem
    total = int(tree.num_entries)
    start = min(options.get("start") or 0, total)
    stop = total if options.get("stop") is None else min(options["stop"], total)
    output.group(name, {"title": getattr(tree, "title", "") or "", "root_class": tree.classname})
    step = entries_per_step(tree, names, is_ntuple, options["stepBytes"])
    position = start
    while True:
        end = min(position + step, stop)
        for column in names:
            path = f"{name}/" + "/".join(plain_name(part) for part in column.split("/"))
            try:
                add(output, path, tree[column].array(library="ak", entry_start=position, entry_stop=end), "entry")
            except ExportError as error:
                if position > start:
                    raise
                skipped[column] = str(error)
                output.drop(path)
            except UNREADABLE as error:
                if position > start:
                    raise
                skipped[column] = str(error).strip().split("\n")[0]
                output.drop(path)
        names = [column for column in names if column not in skipped]
        tell_progress(1 if stop <= start else (end - start) / (stop - start), f"{name}: {end} of {stop} entries")
        if end >= stop:
            break
        position = end
    return {"path": name, "entries": max(0, stop - start), "branches": names, "skipped": skipped}


def unreadable(branch):
    interpretation = branch.interpretation
    if isinstance(interpretation, uproot.interpretation.identify.UnknownInterpretation):
        return str(interpretation).strip().split("\n")[0]
    return None


def entries_per_step(tree, names, is_ntuple, step_bytes):
    """So many entries that all the branches together take about so many bytes in memory."""
    if is_ntuple or not names:
        width = 8 * max(1, len(names)) * 4
        return max(1, step_bytes // width)
    width = sum(tree[name].uncompressed_bytes for name in names) / max(1, tree.num_entries)
    return max(1, int(step_bytes // max(width, 1)))


def export_histogram(output, histogram, name):
    file = output.file
    group = file.create_group(name)
    group.attrs["root_class"] = histogram.classname
    group.attrs["title"] = histogram.title or ""
    group.attrs["entries"] = histogram.member("fEntries")
    axes = ["x", "y", "z"][: len(histogram.axes)]
    for axis, about in zip(axes, histogram.axes):
        edges = np.asarray(about.edges(flow=False), dtype=np.float64)
        centres = group.create_dataset(axis, data=(edges[:-1] + edges[1:]) / 2)
        centres.attrs["bounds"] = f"{axis}_bounds"
        if about.member("fTitle"):
            centres.attrs["long_name"] = about.member("fTitle")
        centres.make_scale(axis)
        bounds = group.create_dataset(f"{axis}_bounds", data=np.stack([edges[:-1], edges[1:]], axis=1))
        bounds.dims[0].attach_scale(centres)
        bounds.dims[1].label = "bounds"
        labels = about.labels(flow=False)
        if labels:
            texts = group.create_dataset(f"{axis}_labels", data=list(labels), dtype=TEXT)
            texts.dims[0].attach_scale(centres)
    parts = {"values": histogram.values, "variances": histogram.variances}
    if histogram.classname.startswith("TProfile"):
        parts["bin_entries"] = histogram.counts
    for part, read in parts.items():
        for flow in (False, True):
            values = np.asarray(read(flow=flow))
            dataset = group.create_dataset(f"{part}_flow" if flow else part, data=values)
            for number, axis in enumerate(axes):
                if flow:
                    dataset.dims[number].label = f"{axis}_flow"
                else:
                    dataset.dims[number].attach_scale(group[axis])


def digest(path):
    sha256 = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            sha256.update(block)
    return sha256.hexdigest()


def objects(file):
    """Paths and classes, of the newest cycles, folders left out."""
    newest = {}
    for key, classname in file.classnames(cycle=True).items():
        name, _, cycle = key.rpartition(";")
        if name not in newest or int(cycle) > newest[name][0]:
            newest[name] = (int(cycle), classname)
    return {name: classname for name, (_, classname) in newest.items()}


def is_tree(classname):
    return classname in ("TTree", "TNtuple", "TNtupleD") or classname.endswith("RNTuple")


def export(options):
    with uproot.open(options["file"]) as root:
        found = objects(root)
        trees = [name for name, classname in found.items() if is_tree(classname)]
        for wanted in options["trees"]:
            if wanted not in trees:
                raise ExportError("tree", f'there is no tree "{wanted}"', wanted=wanted, available=trees)
        trees = options["trees"] or trees
        histograms = [] if options["skipHistograms"] else [n for n, c in found.items() if HISTOGRAM.match(c)]
        parts = len(trees) + (1 if histograms else 0)
        with h5py.File(options["out"], "w", track_order=True) as file:
            output = Output(file)
            report = []
            for number, name in enumerate(trees):

                def tell_progress(fraction, doing, number=number):
                    tell(progress=(number + fraction) / max(1, parts), doing=doing)

                report.append(export_tree(output, root[name], name, options, tell_progress))
            for name in histograms:
                export_histogram(output, root[name], name)
            skipped = {f"{tree['path']}/{name}": why for tree in report for name, why in tree["skipped"].items()}
            file.attrs.update(
                {
                    "source_file": os.path.basename(options["file"]),
                    "source_sha256": digest(options["file"]),
                    "source_bytes": os.path.getsize(options["file"]),
                    "exported_by": options["exportedBy"],
                    "exported_at": options["time"],
                    "uproot_version": uproot.__version__,
                    "awkward_version": ak.__version__,
                    "h5py_version": h5py.__version__,
                    "numpy_version": np.__version__,
                    "command": options["command"],
                    "trees": ", ".join(trees),
                    "branches": ", ".join(options["branches"]) or "*",
                    "selection": f"entries {options.get('start') or 0} to {'end' if options.get('stop') is None else options['stop']}",
                }
            )
            if skipped:
                file.attrs["not_exported"] = json.dumps(skipped)
    tell(progress=1, doing="done")
    return {"trees": report, "histograms": histograms, "skipped": skipped}


def main():
    options = json.loads(sys.argv[1])
    try:
        tell(done=export(options))
    except ExportError as error:
        tell(error={"kind": error.kind, "message": str(error), **error.facts})
        sys.exit(1)
    except Exception as error:  # whatever uproot says of a damaged file
        text = " ".join(str(error).split())
        tell(error={"kind": "failed", "message": f"{type(error).__name__}: {text[:500]}"})
        sys.exit(1)


main()
