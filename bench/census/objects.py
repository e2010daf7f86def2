"""The objects whose pickles are read, by library.

Each source yields pairs of a label and a function that makes the object. Only data and fitted models appear: nothing
whose pickle names a callable that executes, imports, opens, connects or reaches for attributes.
"""

import inspect
import os
import pkgutil
import sys


def labelled(*makers):
    """Pairs of a number and a maker."""
    return [(str(number), make) for number, make in enumerate(makers)]


def is_of_torch(thing):
    """Would a user save it by `torch.save`?"""
    import torch

    if isinstance(thing, dict):
        return any(is_of_torch(value) for value in thing.values())
    if isinstance(thing, (list, tuple)):
        return any(is_of_torch(value) for value in thing)
    kinds = (torch.Tensor, torch.nn.Module, torch.dtype, torch.device, torch.Size, torch.optim.Optimizer)
    return isinstance(thing, kinds) or type(thing).__module__.split(".")[0] in ("torch", "transformers", "peft")


# ---- data to fit on ------------------------------------------------------------------------------------------------


def data():
    import numpy as np

    random = np.random.RandomState(0)
    x = np.abs(random.normal(size=(60, 4))) + 0.1
    labels = (x[:, 0] > np.median(x[:, 0])).astype(int)
    values = x[:, 0] * 2 + x[:, 1] + 0.1
    return x, labels, values


TEXTS = ["a small cat", "the small dog", "a dog and a cat", "no animal at all"] * 5


# ---- the standard library ------------------------------------------------------------------------------------------


def stdlib():
    import array
    import collections
    import datetime
    import decimal
    import fractions
    import ipaddress
    import pathlib
    import random
    import re
    import types
    import uuid

    things = [
        collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.defaultdict(int),
        collections.defaultdict(dict), collections.defaultdict(float), collections.defaultdict(set),
        collections.Counter("abc"), collections.deque([1], 5), collections.ChainMap({"a": 1}),
        collections.UserDict(a=1), collections.UserList([1]), collections.UserString("a"),
        datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1), datetime.time(1), datetime.timedelta(1),
        datetime.timezone.utc, datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
        decimal.Decimal("1.5"), decimal.Context(), fractions.Fraction(1, 3), uuid.uuid4(), array.array("d", [1.0]),
        pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), pathlib.Path("a"), random.Random(1),
        ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("::/8"), ipaddress.ip_interface("10.0.0.1/8"), ipaddress.ip_interface("::1/8"),
        re.compile("a+"), types.SimpleNamespace(a=1), range(3), slice(1, 2), 1j, bytearray(b"a"), b"a", {1}, frozenset({1}),
        object(), Ellipsis, NotImplemented, ValueError("a"), KeyError("a"), RuntimeError("a"), TypeError("a"),
        UserWarning("a"), int, float, str, list, dict, tuple, set, bool, bytes, object, type(None), zip([1]), enumerate([1]),
        datetime.datetime, decimal.Decimal, collections.OrderedDict,
    ]  # fmt: skip
    try:
        import zoneinfo

        things.append(zoneinfo.ZoneInfo("UTC"))
        things.append(datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")))
    except Exception:
        pass
    return [(repr(thing)[:40], lambda thing=thing: thing) for thing in things]


# ---- NumPy, SciPy, pandas ------------------------------------------------------------------------------------------


def numpy():
    import numpy as np

    codes = "?bBhHiIlLqQefdgFDG"
    for code in codes:
        yield f"array {code}", lambda code=code: np.arange(4).astype(code)
        yield f"scalar {code}", lambda code=code: np.array([1]).astype(code)[0]
        yield f"dtype {code}", lambda code=code: np.dtype(code)
        yield f"type {code}", lambda code=code: np.dtype(code).type
    record = [("a", "i4"), ("b", "f8", (2,)), ("c", "U3")]
    yield from labelled(
        lambda: np.array(["a", "bc"]),
        lambda: np.array([b"a", b"bc"]),
        lambda: np.array(["2020-01-01"], "M8[D]"),
        lambda: np.array([1], "m8[s]"),
        lambda: np.datetime64("2020-01-01"),
        lambda: np.timedelta64(1, "s"),
        lambda: np.array([1, "a", None, [2]], object),
        lambda: np.zeros(2, record),
        lambda: np.zeros(2, record)[0],
        lambda: np.zeros(2, record).view(np.recarray),
        lambda: np.zeros(2, np.dtype(record, align=True)),
        lambda: np.zeros(2, record).view(np.recarray)[0],
        lambda: np.asfortranarray(np.ones((3, 2))),
        lambda: np.ones((4, 4))[::2],
        lambda: np.arange(3, dtype=">i4"),
        lambda: np.matrix([[1, 2]]),
        lambda: np.ma.array([1, 2], mask=[0, 1]),
        lambda: np.ma.masked,
        lambda: np.ma.zeros(2, record),
        lambda: np.random.RandomState(1),
        lambda: np.poly1d([1, 2]),
        lambda: np.iinfo("i4"),
        lambda: np.finfo("f4"),
        lambda: np.errstate(),
        lambda: np.char.array(["a"]),
        lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        lambda: np.str_("a"),
        lambda: np.bytes_(b"a"),
        lambda: np.void(b"a"),
        lambda: np.ndarray,
        lambda: np.random.mtrand._rand,
        lambda: np.array(["a", "b"], np.dtypes.StringDType()),
        lambda: np.dtypes.Float64DType(),
        lambda: type(np.dtype("f8")),
        lambda: np.random.default_rng(1),
        lambda: np.random.SeedSequence(1),
        lambda: np.polynomial.Polynomial([1, 2]),
    )
    for name in ("Chebyshev", "Hermite", "HermiteE", "Laguerre", "Legendre"):
        yield name, lambda name=name: getattr(np.polynomial, name)([1, 2])
    for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        yield name, lambda name=name: getattr(np.random, name)(1)
        yield f"generator {name}", lambda name=name: np.random.Generator(getattr(np.random, name)(1))
        yield f"state {name}", lambda name=name: np.random.RandomState(getattr(np.random, name)(1))
    # What transformers of functions keep: named by reference only.
    for name in "log log1p exp expm1 sqrt square abs mean median std var sum clip sign rint".split():
        yield name, lambda name=name: {"func": getattr(np, name)}


def scipy():
    import numpy as np
    import scipy.interpolate
    import scipy.optimize
    import scipy.sparse
    import scipy.spatial
    import scipy.stats

    x = np.linspace(0, 1, 20)
    y = np.sin(5 * x)
    grid = np.random.RandomState(0).rand(20, 2)
    for layout in "bsr coo csc csr dia dok lil".split():
        for shape in ("matrix", "array"):
            name = f"{layout}_{shape}"
            yield name, lambda name=name: getattr(scipy.sparse, name)(np.eye(3))
    for name in "gaussian_kde".split():
        yield name, lambda name=name: getattr(scipy.stats, name)(y)
    for name in sorted(dir(scipy.stats)):
        if isinstance(getattr(scipy.stats, name, None), (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
            yield name, lambda name=name: getattr(scipy.stats, name)
            yield f"frozen {name}", lambda name=name: frozen(getattr(scipy.stats, name))
    for kind in "linear nearest zero slinear quadratic cubic previous next".split():
        yield f"interp1d {kind}", lambda kind=kind: scipy.interpolate.interp1d(x, y, kind)
    for name in (
        "UnivariateSpline InterpolatedUnivariateSpline CubicSpline PchipInterpolator Akima1DInterpolator "
        "BarycentricInterpolator KroghInterpolator make_interp_spline splrep"
    ).split():
        yield name, lambda name=name: getattr(scipy.interpolate, name)(x, y)
    yield "LSQUnivariateSpline", lambda: scipy.interpolate.LSQUnivariateSpline(x, y, [0.3, 0.6])
    for name in "LinearNDInterpolator NearestNDInterpolator CloughTocher2DInterpolator RBFInterpolator".split():
        yield name, lambda name=name: getattr(scipy.interpolate, name)(grid, y)
    yield from labelled(
        lambda: scipy.interpolate.Rbf(x, y),
        lambda: scipy.interpolate.RegularGridInterpolator((x, x), np.outer(y, y)),
        lambda: scipy.interpolate.RectBivariateSpline(x, x, np.outer(y, y)),
        lambda: scipy.interpolate.SmoothBivariateSpline(grid[:, 0], grid[:, 1], y, kx=1, ky=1),
        lambda: scipy.interpolate.BPoly([[1], [2]], [0, 1]),
        lambda: scipy.interpolate.PPoly([[1], [2]], [0, 1]),
        lambda: scipy.interpolate.BSpline([0, 1, 2, 3, 4, 5, 6], [1, 2, 0, 1], 2),
        lambda: scipy.spatial.KDTree(grid),
        lambda: scipy.spatial.cKDTree(grid),
        lambda: scipy.spatial.ConvexHull(grid),
        lambda: scipy.spatial.Delaunay(grid),
        lambda: scipy.spatial.transform.Rotation.from_euler("x", 1),
        lambda: scipy.spatial.transform.Slerp([0, 1], scipy.spatial.transform.Rotation.random(2)),
        lambda: scipy.optimize.minimize(lambda v: (v**2).sum(), [1.0, 2.0]),
        lambda: scipy.optimize.minimize(lambda v: (v**2).sum(), [1.0, 2.0], method="L-BFGS-B"),
        lambda: scipy.optimize.Bounds([0], [1]),
        lambda: scipy.optimize.LinearConstraint(np.eye(2), 0, 1),
        lambda: scipy.stats.ttest_ind(x, y),
        lambda: scipy.stats.pearsonr(x, y),
        lambda: scipy.stats.linregress(x, y),
        lambda: scipy.stats.describe(x),
        lambda: scipy.stats.multivariate_normal([0, 0], np.eye(2)),
        lambda: scipy.stats.rv_histogram(np.histogram(y)),
        lambda: scipy.stats.qmc.Sobol(2),
        lambda: scipy.stats.qmc.Halton(2),
        lambda: scipy.signal.lti([1], [1, 2]),
        lambda: scipy.signal.dlti([1], [1, 2]),
        lambda: scipy.cluster.hierarchy.to_tree(scipy.cluster.hierarchy.linkage(grid)),
        lambda: {"func": scipy.special.expit},
    )


def frozen(distribution):
    count = distribution.numargs
    for values in ([0.5] * count, [1.5] * count, [2.0, 3.0, 4.0][:count], [5, 2, 3][:count]):
        try:
            return distribution(*values)
        except Exception:
            continue
    raise ValueError("no parameters fit")


def pandas():
    import numpy as np
    import pandas as pd

    days = pd.date_range("2020-01-01", periods=4)
    frame = pd.DataFrame({
        "int": [1, 2, 3, 4], "float": [0.5, 1, 2, 3], "text": list("abca"), "flag": [True, False] * 2, "day": days,
        "zoned": days.tz_localize("Europe/Paris"), "delta": pd.to_timedelta([1, 2, 3, 4], "D"),
        "kind": pd.Categorical(list("abca")), "period": days.to_period("M"),
        "between": pd.interval_range(0, 4), "thing": [None, [1], {"a": 1}, "x"],
    })  # fmt: skip
    yield from labelled(
        lambda: frame,
        lambda: frame.set_index(["int", "text"]),
        lambda: frame.T,
        lambda: frame.describe(),
        lambda: frame.convert_dtypes(),
        lambda: frame[["int", "float"]].to_records(),
        lambda: frame.groupby("text").groups,
        lambda: frame.groupby("text")[["int"]].mean(),
        lambda: frame.copy().set_index("day")[["int"]].resample("D").mean(),
        lambda: frame.dtypes,
        lambda: pd.RangeIndex(3),
        lambda: pd.Index([1, 2]),
        lambda: pd.Index([0.5]),
        lambda: pd.Index(np.array([1], "u8")),
        lambda: pd.Index(["a"], name="n"),
        lambda: pd.Index(["a"], dtype="string"),
        lambda: pd.MultiIndex.from_product([[1, 2], ["a"]]),
        lambda: pd.CategoricalIndex(list("ab")),
        lambda: pd.IntervalIndex.from_breaks([0, 1, 2]),
        lambda: days,
        lambda: days.tz_localize("UTC"),
        lambda: pd.date_range("2020", periods=2, freq="MS"),
        lambda: days.to_period("D"),
        lambda: pd.timedelta_range(0, periods=3, freq="D"),
        lambda: pd.Timestamp("2020-01-01"),
        lambda: pd.Timestamp("2020-01-01", tz="UTC"),
        lambda: pd.Timestamp("2020-01-01", tz="Europe/Paris"),
        lambda: pd.Timedelta(1, "s"),
        lambda: pd.Period("2020", "M"),
        lambda: pd.Interval(0, 1),
        lambda: pd.NaT,
        lambda: pd.NA,
        lambda: pd.Categorical(list("ab"), ordered=True),
        lambda: pd.CategoricalDtype(list("ab")),
        lambda: pd.DatetimeTZDtype(tz="UTC"),
        lambda: pd.PeriodDtype("D"),
        lambda: pd.IntervalDtype("int64"),
        lambda: pd.SparseDtype("float"),
        lambda: pd.StringDtype(),
        lambda: pd.StringDtype("pyarrow"),
        lambda: pd.Series(["a", None], dtype="string"),
        lambda: pd.Series(["a", None], dtype="string[python]"),
        lambda: pd.Series(["a", None], dtype="string[pyarrow]"),
        lambda: pd.Series(["a", None], dtype="str"),
        lambda: pd.Series([True, None], dtype="boolean"),
        lambda: pd.Series([1, 0, 0], dtype="Sparse[int]"),
        lambda: pd.Series(pd.arrays.SparseArray([1.0, np.nan], kind="block")),
        lambda: pd.Series(pd.arrays.SparseArray([1.0, np.nan], kind="integer")),
        lambda: pd.DataFrame(np.eye(3)).astype("Sparse[float]"),
        lambda: pd.DataFrame(np.eye(3)),
        lambda: pd.DataFrame(),
        lambda: pd.Series([1, 2]).rolling(2),
        lambda: pd.Flags(pd.DataFrame(), allows_duplicate_labels=True),
        lambda: pd.options.display,
        lambda: pd.NamedAgg("a", "b"),
        lambda: pd.Grouper(key="a"),
        lambda: pd.arrays.IntegerArray(np.array([1]), np.array([False])),
    )
    for code in "Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64".split():
        yield code, lambda code=code: pd.Series([1, None], dtype=code)
        yield f"index {code}", lambda code=code: pd.Index(pd.array([1, None], dtype=code))
    for kind in "int64 double string bool timestamp[ns] date32[day] list<item:int64> decimal128(5,2)".split():
        yield f"arrow {kind}", lambda kind=kind: arrow(kind)
    for name in sorted(dir(pd.offsets)):
        offset = getattr(pd.offsets, name)
        if isinstance(offset, type):
            yield f"offset {name}", lambda offset=offset: offset()
    for freq in "D h min s ms us ns W ME M MS QE QS YE YS B".split():
        yield f"freq {freq}", lambda freq=freq: pd.tseries.frequencies.to_offset(freq)


def arrow(kind):
    import datetime
    import decimal

    import pandas as pd
    import pyarrow as pa

    types = {"list<item:int64>": pa.list_(pa.int64()), "decimal128(5,2)": pa.decimal128(5, 2),
             "timestamp[ns]": pa.timestamp("ns"), "date32[day]": pa.date32()}  # fmt: skip
    of = types.get(kind) or pa.type_for_alias(kind)
    value = {"string": "a", "bool": True, "timestamp[ns]": datetime.datetime(2020, 1, 1), "list<item:int64>": [1],
             "date32[day]": datetime.date(2020, 1, 1), "decimal128(5,2)": decimal.Decimal("1.5")}.get(kind, 1)  # fmt: skip
    return pd.Series(pd.array([value, None], dtype=pd.ArrowDtype(of)))


def pyarrow():
    import pyarrow as pa

    yield from labelled(
        lambda: pa.table({"a": [1], "b": ["x"]}),
        lambda: pa.array([1, None]),
        lambda: pa.chunked_array([[1], [2]]),
        lambda: pa.schema([("a", pa.int64())]),
        lambda: pa.record_batch([pa.array([1])], ["a"]),
        lambda: pa.struct([("a", pa.int64())]),
        lambda: pa.dictionary(pa.int8(), pa.string()),
        lambda: pa.array(["a", "b"]).dictionary_encode(),
        lambda: pa.scalar(1),
        lambda: pa.field("a", pa.map_(pa.string(), pa.int8())),
        lambda: pa.array([{"a": 1}]),
    )


# ---- scikit-learn --------------------------------------------------------------------------------------------------


def estimator_classes():
    """Every estimator that scikit-learn has, public or not."""
    try:
        from sklearn.utils import all_estimators
    except ImportError:
        from sklearn.utils.testing import all_estimators
    try:
        import sklearn.experimental.enable_halving_search_cv  # noqa: F401
    except ImportError:
        pass
    for switch in ("enable_iterative_imputer", "enable_hist_gradient_boosting"):
        try:
            __import__(f"sklearn.experimental.{switch}")
        except ImportError:
            pass
    return all_estimators()


def built(kind):
    """Ways to construct an estimator: the first that can be fitted counts."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    yield lambda: kind()
    inner = (LogisticRegression(), Ridge())
    for one in inner:
        pair = [("a", type(one)()), ("b", type(one)(C=2.0) if hasattr(one, "C") else type(one)(alpha=2.0))]
        grid = {"C": [1.0, 2.0]} if hasattr(one, "C") else {"alpha": [1.0, 2.0]}
        yield lambda one=one: kind(one)
        yield lambda one=one, grid=grid: kind(one, grid)
        yield lambda one=one, grid=grid: kind(one, grid, n_iter=2)
        yield lambda pair=pair: kind(pair)
    yield lambda: kind([("scale", StandardScaler())])
    yield lambda: kind([("scale", StandardScaler(), [0, 1])])
    yield lambda: kind(StandardScaler(), [0, 1])
    yield lambda: kind([[0, 1], [1, 2]])


def fitted(kind):
    """An estimator fitted on whatever data it takes."""
    import numpy as np

    x, labels, values = data()
    both = np.column_stack([labels, 1 - labels])
    trials = [
        (x, labels), (x, values), (x,), (x, both), (x, np.column_stack([values, values])), (TEXTS,), (labels,), (both,),
        ([{"a": 1, "b": "c"}],), (x[:, 0], values), ([("a", "b"), ("c",)],), (np.cov(x.T),), (x @ x.T, labels),
    ]  # fmt: skip
    for make in built(kind):
        try:
            estimator = make()
        except Exception:
            continue
        for trial in trials:
            try:
                return estimator.fit(*trial)
            except Exception as error:
                if type(error).__name__ == "Slow":
                    raise
    raise ValueError("nothing fits")


def sklearn():
    import numpy as np
    import scipy.stats
    import sklearn.gaussian_process.kernels as kernels
    import sklearn.model_selection as selection
    from sklearn import metrics
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.feature_selection import SelectKBest, chi2, f_regression
    from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
    from sklearn.neighbors import KernelDensity, KNeighborsClassifier, NearestNeighbors
    from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier
    import pandas as pd

    x, labels, values = data()
    table = pd.DataFrame(x, columns=list("abcd"))
    table["word"] = ["u", "v", "w"] * 20
    for name, kind in estimator_classes():
        yield name, lambda kind=kind: fitted(kind)
        yield f"unfitted {name}", lambda kind=kind: kind()

    columns = lambda: ColumnTransformer(  # noqa: E731
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), list("abcd")),
            ("w", OneHotEncoder(handle_unknown="ignore"), ["word"]),
        ],
        remainder="passthrough",
    )
    yield from labelled(
        lambda: make_pipeline(StandardScaler(), PCA(2), LogisticRegression()).fit(x, labels),
        lambda: Pipeline([("c", columns()), ("m", RandomForestClassifier(5))]).fit(table, labels),
        lambda: Pipeline([("c", columns()), ("m", GradientBoostingRegressor(n_estimators=5))]).fit(table, values),
        lambda: Pipeline([("c", columns()), ("m", GradientBoostingClassifier(n_estimators=5))]).fit(table, labels),
        lambda: make_pipeline(TfidfVectorizer(), SGDClassifier()).fit(TEXTS, [0, 1] * 10),
        lambda: make_pipeline(CountVectorizer(analyzer="char", dtype=np.int32), SelectKBest(chi2, k=2), SVC()).fit(
            TEXTS, [0, 1] * 10
        ),
        lambda: FeatureUnion([("p", PCA(1)), ("k", SelectKBest(f_regression, k=1))]).fit(x, values),
        lambda: make_pipeline(FunctionTransformer(np.log1p), Ridge()).fit(x, values),
        lambda: make_pipeline(FunctionTransformer(np.log1p, inverse_func=np.expm1), Ridge()).fit(x, values),
        lambda: selection.GridSearchCV(SVC(), {"C": [1, 2]}, cv=2).fit(x, labels),
        lambda: selection.GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=selection.KFold(2), scoring="r2").fit(x, values),
        lambda: selection.GridSearchCV(
            SVC(), {"C": [1, 2]}, scoring=["accuracy", "f1"], refit="f1", cv=2
        ).fit(x, labels),
        lambda: selection.GridSearchCV(
            SVC(), {"C": [1, 2]}, scoring=metrics.make_scorer(metrics.f1_score), cv=2
        ).fit(x, labels),
        lambda: selection.RandomizedSearchCV(
            SVC(), {"C": scipy.stats.uniform(1, 2), "gamma": scipy.stats.expon(1)}, n_iter=2, cv=2,
            random_state=np.random.RandomState(0),
        ).fit(x, labels),
        lambda: selection.RandomizedSearchCV(
            SVC(), {"C": scipy.stats.loguniform(1, 2), "degree": scipy.stats.randint(1, 4)}, n_iter=2, cv=2
        ).fit(x, labels),
        lambda: selection.HalvingGridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=2).fit(x, values),
        lambda: CalibratedClassifierCV(SVC(), method="isotonic", cv=2).fit(x, labels),
        lambda: CalibratedClassifierCV(SVC(), method="sigmoid", cv=2).fit(x, labels),
        lambda: OneHotEncoder().fit(table[["word"]]),
        lambda: OrdinalEncoder().fit(table[["word"]]),
        lambda: DBSCAN(metric="cosine").fit(x),
        lambda: AgglomerativeClustering(linkage="single").fit(x),
        lambda: KMeans(2, random_state=np.random.RandomState(0)).fit(x),
        lambda: DecisionTreeClassifier().fit(x, labels).tree_,
        lambda: KernelDensity(kernel="tophat").fit(x),
        lambda: GaussianProcessClassifier(kernels.RBF()).fit(x, labels),
        lambda: metrics.classification_report(labels, labels, output_dict=True),
        lambda: metrics.confusion_matrix(labels, labels),
        lambda: __import__("sklearn.datasets").datasets.load_iris(),
        lambda: __import__("sklearn.datasets").datasets.load_iris(as_frame=True),
        lambda: metrics.ConfusionMatrixDisplay(np.eye(2)),
        lambda: metrics.RocCurveDisplay(fpr=x, tpr=x),
    )
    for tree in ("ball_tree", "kd_tree", "brute"):
        for metric in ("euclidean", "manhattan", "chebyshev", "minkowski"):
            yield f"{tree} {metric}", lambda tree=tree, metric=metric: KNeighborsClassifier(
                algorithm=tree, metric=metric
            ).fit(x, labels)
    yield "NearestNeighbors 32", lambda: NearestNeighbors(algorithm="ball_tree").fit(x.astype("f4"))
    for loss in "hinge log log_loss modified_huber squared_hinge perceptron".split():
        yield f"SGDClassifier {loss}", lambda loss=loss: SGDClassifier(loss=loss).fit(x, labels)
    for loss in "squared_loss squared_error huber epsilon_insensitive squared_epsilon_insensitive".split():
        yield f"SGDRegressor {loss}", lambda loss=loss: SGDRegressor(loss=loss).fit(x, values)
    for loss in "deviance log_loss exponential".split():
        yield f"GBC {loss}", lambda loss=loss: GradientBoostingClassifier(loss=loss, n_estimators=2).fit(x, labels)
        yield f"GBC3 {loss}", lambda loss=loss: GradientBoostingClassifier(loss=loss, n_estimators=2).fit(
            x, labels + (values > 2)
        )
    for loss in "ls lad squared_error absolute_error huber quantile".split():
        yield f"GBR {loss}", lambda loss=loss: GradientBoostingRegressor(loss=loss, n_estimators=2).fit(x, values)
    yield "GBC init", lambda: GradientBoostingClassifier(init=LogisticRegression(), n_estimators=2).fit(x, labels)
    losses = "least_squares squared_error absolute_error least_absolute_deviation poisson quantile gamma".split()
    for loss in losses:
        yield f"HGBR {loss}", lambda loss=loss: histogram("Regressor", loss).fit(x, values)
    for loss in "log_loss binary_crossentropy categorical_crossentropy auto".split():
        yield f"HGBC {loss}", lambda loss=loss: histogram("Classifier", loss).fit(x, labels)
        yield f"HGBC3 {loss}", lambda loss=loss: histogram("Classifier", loss).fit(x, labels + (values > 2))
    yield "HGB frame", lambda: histogram("Regressor", None, categorical_features=[4]).fit(
        table.assign(word=table["word"].map({"u": 0, "v": 1, "w": 2})), values
    )
    for name in sorted(dir(kernels)):
        kind = getattr(kernels, name)
        if isinstance(kind, type) and issubclass(kind, kernels.Kernel) and not inspect.isabstract(kind):
            yield f"kernel {name}", lambda kind=kind: kernel(kind)
            yield f"GP {name}", lambda kind=kind: GaussianProcessRegressor(kernel(kind)).fit(x, values)
    for name in sorted(dir(selection)):
        kind = getattr(selection, name)
        if isinstance(kind, type) and hasattr(kind, "split"):
            yield f"splitter {name}", lambda kind=kind: kind() if "Leave" not in name or "P" not in name else kind(2)
    for name in scorers(metrics):
        yield f"scorer {name}", lambda name=name: metrics.get_scorer(name)
    for name in "euclidean manhattan chebyshev minkowski seuclidean mahalanobis haversine hamming canberra".split():
        yield f"metric {name}", lambda name=name: distance(name)
    for module, names in (("sklearn._loss.loss", None), ("sklearn._loss.link", None), ("sklearn._loss._loss", None)):
        yield from classes_of(module, names)


def scorers(metrics):
    if hasattr(metrics, "get_scorer_names"):
        return metrics.get_scorer_names()
    from sklearn.metrics import scorer

    return sorted(scorer.SCORERS)


def classes_of(module, names):
    """Instances of all classes of a module that need no argument, or the number of classes."""
    import importlib

    try:
        module = importlib.import_module(module)
    except ImportError:
        return
    for name in names or sorted(dir(module)):
        kind = getattr(module, name)
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            yield f"{module.__name__} {name}", lambda kind=kind: tried(kind, (), (3,), (0.5,))


def tried(kind, *trials):
    for trial in trials:
        try:
            return kind(*trial)
        except Exception:
            continue
    raise ValueError("no arguments fit")


def kernel(kind):
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    return tried(kind, (), (RBF(), WhiteKernel()), (RBF(), 2.0), ([RBF(), WhiteKernel()],))


def histogram(what, loss, **other):
    try:
        import sklearn.experimental.enable_hist_gradient_boosting  # noqa: F401
    except ImportError:
        pass
    import sklearn.ensemble

    kind = getattr(sklearn.ensemble, f"HistGradientBoosting{what}")
    if loss:
        other["loss"] = loss
    if loss == "quantile":
        other["quantile"] = 0.5
    return kind(max_iter=3, **other)


def distance(name):
    import numpy as np

    try:
        from sklearn.metrics import DistanceMetric
    except ImportError:
        from sklearn.neighbors import DistanceMetric
    more = {"seuclidean": {"V": np.ones(3)}, "mahalanobis": {"V": np.eye(3)}}.get(name, {})
    return DistanceMetric.get_metric(name, **more)


# ---- gradient boosting and statistics ------------------------------------------------------------------------------


def xgboost():
    import xgboost as xgb
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, labels, values = data()
    matrix = lambda: xgb.DMatrix(x, labels)  # noqa: E731
    for booster in ("gbtree", "dart", "gblinear"):
        yield f"classifier {booster}", lambda booster=booster: xgb.XGBClassifier(
            n_estimators=3, booster=booster, verbosity=0
        ).fit(x, labels)
        yield f"booster {booster}", lambda booster=booster: xgb.train({"booster": booster, "verbosity": 0}, matrix(), 3)
    yield from labelled(
        lambda: xgb.XGBRegressor(n_estimators=3).fit(x, values),
        lambda: xgb.XGBRanker(n_estimators=3).fit(x, labels, group=[30, 30]),
        lambda: xgb.XGBRFClassifier(n_estimators=3).fit(x, labels),
        lambda: xgb.XGBRFRegressor(n_estimators=3).fit(x, values),
        lambda: xgb.XGBClassifier(n_estimators=3).fit(x, labels + (values > 2)),
        lambda: xgb.XGBClassifier(n_estimators=3, eval_metric="auc").fit(x, labels, eval_set=[(x, labels)]),
        lambda: xgb.XGBClassifier(n_estimators=3, callbacks=[xgb.callback.EarlyStopping(2)]).fit(
            x, labels, eval_set=[(x, labels)]
        ),
        lambda: make_pipeline(StandardScaler(), xgb.XGBClassifier(n_estimators=3)).fit(x, labels),
        lambda: xgb.XGBClassifier(),
    )


def lightgbm():
    import lightgbm as lgb

    x, labels, values = data()
    for kind in ("gbdt", "dart", "rf"):
        more = {"bagging_freq": 1, "bagging_fraction": 0.5} if kind == "rf" else {}
        yield f"booster {kind}", lambda kind=kind, more=more: lgb.train(
            {"boosting": kind, "verbose": -1, "objective": "binary", **more}, lgb.Dataset(x, labels), 3
        )
    yield from labelled(
        lambda: lgb.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, labels),
        lambda: lgb.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, labels + (values > 2)),
        lambda: lgb.LGBMRegressor(n_estimators=3, verbose=-1).fit(x, values),
        lambda: lgb.LGBMRanker(n_estimators=3, verbose=-1).fit(x, labels, group=[30, 30]),
        lambda: lgb.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, labels, eval_set=[(x, labels)]),
        lambda: lgb.cv({"verbose": -1}, lgb.Dataset(x, values), 3, stratified=False, return_cvbooster=True),
        lambda: lgb.LGBMClassifier(),
    )


def catboost():
    import catboost as cb

    x, labels, values = data()
    quiet = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    yield from labelled(
        lambda: cb.CatBoostClassifier(**quiet).fit(x, labels),
        lambda: cb.CatBoostRegressor(**quiet).fit(x, values),
        lambda: cb.CatBoostRanker(**quiet).fit(x, labels, group_id=[0] * 30 + [1] * 30),
        lambda: cb.CatBoost(dict(quiet)).fit(x, labels),
        lambda: cb.CatBoostClassifier(**quiet).fit(x, labels, eval_set=(x, labels)),
        lambda: cb.CatBoostClassifier(),
    )


def statsmodels():
    import numpy as np
    import pandas as pd
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from statsmodels.tsa import api as tsa

    x, labels, values = data()
    random = np.random.RandomState(1)
    noisy = values + random.normal(size=60)
    frame = pd.DataFrame(x, columns=list("abcd")).assign(y=noisy, z=labels, n=random.poisson(2, 60))
    series = pd.Series(10 + noisy.cumsum() * 0.1, pd.date_range("2020-01", periods=60, freq="MS"))
    families = "Gaussian Binomial Poisson Gamma NegativeBinomial InverseGaussian Tweedie".split()
    for name in families:
        target = labels if name == "Binomial" else np.abs(noisy) + 0.1
        yield f"GLM {name}", lambda name=name, target=target: sm.GLM(
            target, sm.add_constant(x), family=getattr(sm.families, name)()
        ).fit()
    for name in "OLS WLS GLS GLSAR RLM QuantReg Logit Probit Poisson".split():
        target = {"Logit": frame.z, "Probit": frame.z, "Poisson": frame.n}.get(name, frame.y)
        noise = target ^ (random.rand(60) > 0.6) if name in ("Logit", "Probit") else target
        yield name, lambda name=name, noise=noise: getattr(sm, name)(noise, sm.add_constant(x)).fit()
    yield from labelled(
        lambda: np and smf.ols("y ~ a + b + C(z) + np.log(c)", frame).fit(),
        lambda: smf.glm("y ~ a + b", frame).fit(),
        lambda: smf.logit("z ~ c + d", frame).fit(disp=0),
        lambda: smf.mixedlm("y ~ a", frame, groups=frame.z).fit(),
        lambda: smf.gee("y ~ a", "z", frame).fit(),
        lambda: sm.OLS(noisy, x).fit_regularized(),
        lambda: sm.MNLogit(frame.n.clip(0, 2), x).fit(disp=0),
        lambda: sm.NegativeBinomial(frame.n, x).fit(disp=0),
        lambda: sm.ZeroInflatedPoisson(frame.n, x).fit(disp=0),
        lambda: sm.OLS(noisy, x).fit(cov_type="HC3"),
        lambda: tsa.ARIMA(series, order=(1, 1, 1)).fit(),
        lambda: tsa.SARIMAX(series, order=(1, 0, 0), seasonal_order=(1, 0, 0, 4)).fit(disp=0),
        lambda: tsa.AutoReg(series, 2).fit(),
        lambda: tsa.ExponentialSmoothing(series, trend="add", seasonal="add", seasonal_periods=4).fit(),
        lambda: tsa.Holt(series, initialization_method="estimated").fit(),
        lambda: tsa.SimpleExpSmoothing(series, initialization_method="estimated").fit(),
        lambda: tsa.VAR(frame[["a", "b"]]).fit(2),
        lambda: tsa.VARMAX(frame[["a", "b"]], order=(1, 0)).fit(disp=0, maxiter=5),
        lambda: tsa.UnobservedComponents(series, "local level").fit(disp=0),
        lambda: tsa.DynamicFactor(frame[["a", "b"]], k_factors=1, factor_order=1).fit(disp=0, maxiter=5),
        lambda: tsa.ETSModel(series, error="add", trend="add").fit(disp=0),
        lambda: tsa.STL(series).fit(),
        lambda: tsa.seasonal_decompose(series),
        lambda: tsa.MarkovRegression(series, 2).fit(disp=0),
        lambda: tsa.MarkovAutoregression(series, 2, 1).fit(disp=0),
        lambda: tsa.statespace.ExponentialSmoothing(series).fit(disp=0),
        lambda: sm.RecursiveLS(noisy, x).fit(),
        lambda: sm.PHReg(np.abs(noisy), x).fit(),
        lambda: sm.nonparametric.KDEUnivariate(noisy),
        lambda: sm.nonparametric.KDEMultivariate(noisy, "c"),
        lambda: sm.GLMGam(noisy, smoother=sm.gam.BSplines(x[:, :1], df=[5], degree=[3])).fit(),
        lambda: sm.PCA(x),
        lambda: sm.Factor(x, 1).fit(),
        lambda: sm.duration.SurvfuncRight(np.abs(noisy), labels),
        lambda: sm.multivariate.MANOVA(x[:, :2], x[:, 2:]),
        lambda: sm.distributions.ECDF(noisy),
        lambda: tsa.adfuller(series),
    )


# ---- PyTorch and what is built on it -------------------------------------------------------------------------------


def torch():
    import collections

    import torch
    from torch import nn

    for name in "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128".split():
        yield name, lambda name=name: torch.ones(2).to(getattr(torch, name))
        yield f"dtype {name}", lambda name=name: getattr(torch, name)
    for name in "float8_e4m3fn float8_e5m2 uint16 uint32 uint64".split():
        yield name, lambda name=name: torch.ones(2).to(getattr(torch, name))
    layer = lambda: nn.Sequential(collections.OrderedDict(a=nn.Linear(4, 4), b=nn.ReLU()))  # noqa: E731
    yield from labelled(
        lambda: torch.Size([1, 2]),
        lambda: torch.device("cpu"),
        lambda: torch.Generator(),
        lambda: torch.get_rng_state(),
        lambda: torch.strided,
        lambda: torch.channels_last,
        lambda: torch.per_tensor_affine,
        lambda: torch.finfo(torch.float32),
        lambda: torch.ones(3, 3).to_sparse(),
        lambda: torch.ones(3, 3).to_sparse_csr(),
        lambda: torch.ones(3, 3).to_sparse_csc(),
        lambda: torch.ones(4, 4).to_sparse_bsr((2, 2)),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        lambda: torch.ones(3, device="meta"),
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        lambda: torch.quantize_per_channel(torch.ones(3, 3), torch.ones(3), torch.zeros(3), 0, torch.quint8),
        lambda: nn.Parameter(torch.ones(3)),
        lambda: nn.Parameter(torch.ones(3), requires_grad=False),
        lambda: nn.Buffer(torch.ones(3)),
        lambda: with_attribute(torch.ones(3)),
        lambda: with_attribute(nn.Parameter(torch.ones(3))),
        lambda: torch.conj(torch.ones(3, dtype=torch.complex64)),
        lambda: torch.ones(4)[1:].view(3, 1),
        lambda: torch.ones(3).storage(),
        lambda: torch.ones(3).untyped_storage(),
        lambda: layer().state_dict(),
        lambda: {"state_dict": layer().state_dict(), "epoch": 1, "args": __import__("argparse").Namespace(lr=0.1)},
        lambda: layer(),
        lambda: nn.ModuleDict({"a": nn.Linear(2, 2)}),
        lambda: nn.ModuleList([nn.Linear(2, 2)]),
        lambda: nn.ParameterList([torch.ones(2)]),
        lambda: nn.ParameterDict({"a": torch.ones(2)}),
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 2),
        lambda: nn.Transformer(4, 2, 1, 1, 4),
        lambda: nn.utils.weight_norm(nn.Linear(2, 2)),
        lambda: nn.utils.spectral_norm(nn.Linear(2, 2)),
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)).state_dict(),
        lambda: pruned(nn.Linear(4, 4)),
        lambda: torch.ao.quantization.quantize_dynamic(layer(), {nn.Linear}, dtype=torch.qint8),
        lambda: torch.ao.quantization.quantize_dynamic(nn.LSTM(2, 2), {nn.LSTM}, dtype=torch.qint8),
        lambda: torch.ao.quantization.quantize_dynamic(layer(), {nn.Linear}, dtype=torch.qint8).state_dict(),
        lambda: quantised(),
        lambda: quantised().state_dict(),
        lambda: torch.optim.swa_utils.AveragedModel(layer()),
        lambda: torch.utils.data.TensorDataset(torch.ones(3)),
        lambda: torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(3))),
        lambda: torch.utils.data.Subset(torch.utils.data.TensorDataset(torch.ones(3)), [0]),
        lambda: torch.utils.data.ConcatDataset([torch.utils.data.TensorDataset(torch.ones(3))]),
        lambda: torch.amp.GradScaler("cpu").state_dict(),
        lambda: torch.nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)]),
    )
    for name in sorted(dir(nn)):
        kind = getattr(nn, name)
        if isinstance(kind, type) and issubclass(kind, nn.Module):
            yield f"nn.{name}", lambda kind=kind: tried(
                kind, (), (4,), (4, 4), (4, 4, 2), (2, 4), (4, 2, 4), ([4],), (4, 4, 4), (2, 4, 4, 4), (0, 0.5),
                ((1, 1),), (4, 10, [2, 5]),
            )  # fmt: skip
            if "Loss" not in name:
                yield f"state nn.{name}", lambda kind=kind: tried(kind, (4,), (4, 4), (4, 4, 2)).state_dict()
    for name in sorted(dir(torch.optim)):
        kind = getattr(torch.optim, name)
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer:
            yield f"optim.{name}", lambda kind=kind: stepped(kind)
            yield f"state optim.{name}", lambda kind=kind: stepped(kind).state_dict()
    schedulers = torch.optim.lr_scheduler
    for name in sorted(dir(schedulers)):
        kind = getattr(schedulers, name)
        if isinstance(kind, type) and name.endswith(("LR", "Restarts", "Plateau")):
            for whole in (True, False):
                yield f"scheduler {name}", lambda kind=kind, whole=whole: scheduled(kind, whole)
    for name in sorted(dir(torch.distributions)):
        kind = getattr(torch.distributions, name)
        if isinstance(kind, type):
            one = torch.ones(1) * 0.5
            yield f"distribution {name}", lambda kind=kind, one=one: tried(
                kind, (), (one,), (one, one), (one, one, one), (0.5, 1.5), (torch.zeros(2), torch.eye(2))
            )
    for name in "MinMaxObserver HistogramObserver PerChannelMinMaxObserver MovingAverageMinMaxObserver FakeQuantize".split():
        yield name, lambda name=name: getattr(torch.ao.quantization, name)()
    for name in sorted(dir(torch.utils.data)):
        kind = getattr(torch.utils.data, name)
        if isinstance(kind, type) and name.endswith("Sampler") and not name.startswith("Distributed"):
            base = torch.utils.data.SequentialSampler([1, 2])
            yield name, lambda kind=kind, base=base: tried(kind, ([1, 2],), (base, 2, False), ([0.5, 0.5], 2))


def with_attribute(tensor):
    tensor.note = "a"
    return tensor


def pruned(module):
    import torch.nn.utils.prune as prune

    return prune.l1_unstructured(module, "weight", amount=0.3)


def quantised():
    import torch
    from torch import nn

    model = nn.Sequential(torch.ao.quantization.QuantStub(), nn.Conv2d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    model.eval()
    model.qconfig = torch.ao.quantization.get_default_qconfig("fbgemm")
    model = torch.ao.quantization.prepare(model)
    model(torch.ones(1, 1, 3, 3))
    return torch.ao.quantization.convert(model)


def stepped(kind):
    import torch

    parameter = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = kind([parameter], lr=0.1)
    (parameter.to_dense().sum()).backward()
    optimizer.step()
    return optimizer


def scheduled(kind, whole):
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    scheduler = tried(kind, (optimizer,), (optimizer, 2), (optimizer, [2]), (optimizer, 0.1), (optimizer, 0.1, 1.0))
    return scheduler if whole else scheduler.state_dict()


def transformers():
    import tempfile

    import transformers as t

    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 20}
    models = "Bert Roberta DistilBert Electra Albert Llama Mistral Qwen2 Gemma GPTNeoX OPT".split()
    for name in models:
        config = getattr(t, f"{name}Config")
        yield f"config {name}", lambda config=config: config(**small)
        yield f"model {name}", lambda name=name, config=config: getattr(t, f"{name}Model")(config(**small))
    yield "GPT2", lambda: t.GPT2LMHeadModel(t.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=20))
    yield "ViT", lambda: t.ViTForImageClassification(t.ViTConfig(**{k: v for k, v in small.items() if k != "vocab_size"}))
    yield "T5", lambda: t.T5Model(t.T5Config(d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, vocab_size=20))
    folder = tempfile.gettempdir()
    yield "arguments", lambda: t.TrainingArguments(folder)
    yield "arguments of evaluation", lambda: t.TrainingArguments(folder, eval_strategy="steps", save_strategy="epoch", lr_scheduler_type="cosine")
    yield "sequence arguments", lambda: t.Seq2SeqTrainingArguments(folder)
    yield "generation", lambda: t.GenerationConfig()
    yield "tokenizer", lambda: t.PreTrainedTokenizerFast(tokenizer_object=tokenizer())
    yield "encoding", lambda: t.PreTrainedTokenizerFast(tokenizer_object=tokenizer())("a b")
    yield "added token", lambda: t.AddedToken("a")
    yield "state", lambda: t.TrainerState()
    yield "control", lambda: t.TrainerControl()


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(TEXTS, trainers.BpeTrainer(special_tokens=["[UNK]"], show_progress=False))
    return made


def tokenizers():
    import tokenizers as t

    yield "tokenizer", tokenizer
    for module in (t.models, t.normalizers, t.pre_tokenizers, t.decoders, t.processors):
        for name in sorted(dir(module)):
            kind = getattr(module, name)
            if isinstance(kind, type):
                yield f"{module.__name__} {name}", lambda kind=kind: tried(kind, (), ("a",), ([],), ("a", "b"), (("a", 1), ("b", 2)))


def peft():
    import peft as p

    yield "config", lambda: p.LoraConfig(task_type="CAUSAL_LM")
    for name in "PrefixTuningConfig PromptTuningConfig IA3Config AdaLoraConfig".split():
        yield name, lambda name=name: getattr(p, name)()


def accelerate():
    import accelerate.utils as a

    for name in "DistributedType PrecisionType LoggerType".split():
        yield name, lambda name=name: list(getattr(a, name))
    yield "plugin", lambda: a.GradientAccumulationPlugin(num_steps=1)
    yield "loader", lambda: a.DataLoaderConfiguration()


def flax():
    import flax.core
    import jax
    import jax.numpy as jnp
    import optax

    parameters = {"dense": {"kernel": jnp.ones((2, 2))}}
    yield from labelled(
        lambda: jnp.ones(3),
        lambda: jnp.ones(3, "bfloat16"),
        lambda: jax.random.PRNGKey(0),
        lambda: flax.core.freeze(parameters),
        lambda: optax.adam(0.1).init(parameters),
        lambda: optax.sgd(0.1, 0.9).init(parameters),
        lambda: optax.chain(optax.clip(1.0), optax.adamw(0.1)).init(parameters),
        lambda: jax.tree_util.tree_structure(parameters),
        lambda: jax.ShapeDtypeStruct((1,), "float32"),
    )


def mldtypes():
    import ml_dtypes
    import numpy as np

    for name in "bfloat16 float8_e4m3fn float8_e5m2 int4 uint4".split():
        yield name, lambda name=name: np.ones(2).astype(getattr(ml_dtypes, name))
        yield f"scalar {name}", lambda name=name: getattr(ml_dtypes, name)(1)


def keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras as k

    def model():
        made = k.Sequential([k.layers.Input((4,)), k.layers.Dense(3, activation="relu"), k.layers.Dense(1)])
        made.compile("adam", "mse")
        return made

    yield "model", model
    yield "history", lambda: model().fit(*[data()[0], data()[2]], verbose=0).history
    for name in "Adam SGD RMSprop".split():
        yield name, lambda name=name: getattr(k.optimizers, name)()


def lightning():
    import pytorch_lightning  # noqa: F401
    from lightning_fabric.utilities.data import AttributeDict

    yield "attributes", lambda: AttributeDict(lr=0.1)


# ---- other libraries that models are pickled with ------------------------------------------------------------------


def imblearn():
    import imblearn.over_sampling
    import imblearn.under_sampling
    from imblearn.ensemble import BalancedRandomForestClassifier
    from imblearn.pipeline import make_pipeline
    from sklearn.linear_model import LogisticRegression

    x, labels, _ = data()
    yield from labelled(
        lambda: make_pipeline(imblearn.over_sampling.SMOTE(), LogisticRegression()).fit(x, labels),
        lambda: imblearn.under_sampling.RandomUnderSampler().fit(x, labels),
        lambda: BalancedRandomForestClassifier(3).fit(x, labels),
    )
    for _, name, _ in pkgutil.iter_modules(imblearn.over_sampling.__path__, "imblearn.over_sampling."):
        yield from classes_of(name, None)


def category_encoders():
    import category_encoders as ce
    import pandas as pd

    x, labels, _ = data()
    table = pd.DataFrame(x).assign(word=["u", "v", "w"] * 20)
    for name in ce.__all__:
        yield name, lambda name=name: getattr(ce, name)(cols=["word"]).fit(table, labels)


def umap():
    import umap as u

    yield "umap", lambda: u.UMAP(n_neighbors=5, n_epochs=5).fit(data()[0])


def hdbscan():
    import hdbscan as h

    yield "hdbscan", lambda: h.HDBSCAN(prediction_data=True).fit(data()[0])


def gensim():
    from gensim.corpora import Dictionary
    from gensim.models import FastText, LdaModel, TfidfModel, Word2Vec

    texts = [text.split() for text in TEXTS]
    words = Dictionary(texts)
    bags = [words.doc2bow(text) for text in texts]
    yield from labelled(
        lambda: words,
        lambda: Word2Vec(texts, vector_size=4, min_count=1),
        lambda: Word2Vec(texts, vector_size=4, min_count=1).wv,
        lambda: FastText(texts, vector_size=4, min_count=1, bucket=10),
        lambda: TfidfModel(bags),
        lambda: LdaModel(bags, 2, words),
    )


def nltk():
    import nltk as n

    yield from labelled(
        lambda: n.stem.PorterStemmer(),
        lambda: n.stem.SnowballStemmer("english"),
        lambda: n.FreqDist("abc"),
        lambda: n.tokenize.TreebankWordTokenizer(),
        lambda: n.tokenize.RegexpTokenizer(r"\w+"),
        lambda: n.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")]),
        lambda: n.UnigramTagger([[("a", "DT"), ("cat", "NN")]]),
    )


def networkx():
    import networkx as n

    for name in "Graph DiGraph MultiGraph MultiDiGraph".split():
        yield name, lambda name=name: getattr(n, name)([(1, 2)])


def lifelines():
    import lifelines as l
    import pandas as pd

    x, labels, values = data()
    table = pd.DataFrame(x, columns=list("abcd")).assign(t=values, e=1)
    yield from labelled(
        lambda: l.KaplanMeierFitter().fit(values, labels),
        lambda: l.CoxPHFitter(penalizer=0.1).fit(table, "t", "e"),
        lambda: l.WeibullFitter().fit(values, labels),
    )


def other():
    """Small pieces that lie in the state of many models."""
    things = []
    try:
        import pytz

        things += [pytz.UTC, pytz.timezone("Europe/Paris"), pytz.FixedOffset(60)]
    except ImportError:
        pass
    try:
        import dateutil.relativedelta
        import dateutil.tz

        things += [dateutil.tz.tzutc(), dateutil.tz.tzoffset("a", 60), dateutil.relativedelta.relativedelta(days=1)]
    except ImportError:
        pass
    try:
        import patsy

        things.append(patsy.PatsyError("a"))
    except ImportError:
        pass
    return [(repr(thing)[:40], lambda thing=thing: thing) for thing in things]


SOURCES = {
    name: getattr(sys.modules[__name__], name)
    for name in (
        "stdlib numpy scipy pandas pyarrow sklearn xgboost lightgbm catboost statsmodels torch transformers tokenizers peft "
        "accelerate flax mldtypes keras lightning imblearn category_encoders umap hdbscan gensim nltk networkx lifelines other"
    ).split()
}
