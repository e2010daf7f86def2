"""Harmless pickles as the libraries would write them. Objects that exist here are written by the standard pickler;
objects of libraries that are not installed are assembled opcode by opcode."""
import array
import collections
import datetime
import decimal
import enum  # noqa: F401
import fractions
import ipaddress
import itertools
import logging
import operator
import pathlib
import pickle
import random
import re
import string
import time
import uuid
import warnings
import zoneinfo

import numpy as np

from common import PICKLE_NAMES, PLAIN_PICKLE_NAMES, ident, words
from pickleasm import Build, Call, G, Items, New, NewEx, Pers, PyStr, Raw, dumps, inert

FAM = "pickle"
NPCORE = ["numpy.core.multiarray", "numpy._core.multiarray"]


def old(b):
    """The same pickle with the module names of numpy 1 (only for text GLOBAL opcodes)."""
    return b.replace(b"cnumpy._core.", b"cnumpy.core.")


def dt(code, order="<"):
    if code in ("O8", "O"):
        return Build(Call(G("numpy", "dtype"), "O8", False, True), (3, "|", None, None, None, -1, -1, 63))
    if code[0] in "ui" and code[1:] == "1" or code == "b1":
        return Build(Call(G("numpy", "dtype"), code, False, True), (3, "|", None, None, None, -1, -1, 0))
    return Build(Call(G("numpy", "dtype"), code, False, True), (3, order, None, None, None, -1, -1, 0))


def arr(rng, n, code="f8", core=None, shape=None, fortran=False):
    core = core or NPCORE[0]
    size = 8 if code[0] == "O" else int(code[1:])
    shape = shape or (n,)
    tot = 1
    for d in shape:
        tot *= d
    if code[0] == "O":
        data = [rng.choice(["a", "b", "c"]) for _ in range(tot)]
    elif code[0] == "f" and size == 8:
        data = np.array([rng.gauss(0, 1) for _ in range(tot)]).tobytes()
    else:
        data = b"".join(rng.randrange(100).to_bytes(size, "little") for _ in range(tot))
    return Build(Call(G(core, "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), (1, shape, dt(code), fortran, data))


def scalar(rng, code="f8", core=None):
    return Call(G(core or NPCORE[0], "scalar"), dt(code), rng.randrange(100).to_bytes(int(code[1:]), "little"))


def est(path, **state):
    state["_sklearn_version"] = "1.4.2"
    return Build(New(G(path)), state)


def rstate(rng, core=None):
    return Build(Call(G("numpy.random._pickle", "__randomstate_ctor"), Build(Call(G("numpy.random._pickle", "__bit_generator_ctor"), "MT19937"), {
        "bit_generator": "MT19937", "state": {"key": arr(rng, 624, "u4", core), "pos": 3}})) if rng.random() < .5 else Call(G("numpy.random._pickle", "__randomstate_ctor"), "MT19937"),
        {"bit_generator": "MT19937", "state": {"key": arr(rng, 624, "u4", core), "pos": 624}, "has_gauss": 0, "gauss": 0.0})


def tree_struct(rng, core):
    n = rng.choice([3, 5, 7, 15])
    names = ["left_child", "right_child", "feature", "threshold", "impurity", "n_node_samples", "weighted_n_node_samples", "missing_go_to_left"]
    fields = {}
    off = 0
    for nm in names[:7]:
        c = "f8" if nm in ("threshold", "impurity", "weighted_n_node_samples") else "i8"
        fields[nm] = (dt(c), off)
        off += 8
    d = Build(Call(G("numpy", "dtype"), "V56", False, True), (3, "|", None, tuple(names[:7]), fields, 56, 1, 16))
    nodes = Build(Call(G(core, "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), (1, (n,), d, False, rng.randbytes(56 * n)))
    return Build(Call(G("sklearn.tree._tree", "Tree"), 4, arr(rng, 1, "i8", core), 1), {"max_depth": 3, "node_count": n, "nodes": nodes, "values": arr(rng, 0, "f8", core, shape=(n, 1, 3))})


def dtree(rng, core, cls="DecisionTreeClassifier"):
    return est("sklearn.tree._classes." + cls, criterion="gini", splitter="best", max_depth=None, min_samples_split=2, min_samples_leaf=1,
               min_weight_fraction_leaf=0.0, max_features=None, max_leaf_nodes=None, random_state=rng.randrange(2**31), min_impurity_decrease=0.0,
               class_weight=None, ccp_alpha=0.0, n_features_in_=4, n_outputs_=1, classes_=arr(rng, 3, "i8", core), n_classes_=scalar(rng, "i8", core),
               max_features_=4, tree_=tree_struct(rng, core))


def loss(name):
    return Call(G("sklearn._loss._loss", "__pyx_unpickle_" + name), G("sklearn._loss._loss", name), 12345678, None)


def sk_models(rng):
    c = rng.choice(NPCORE)
    A = lambda n=4, code="f8", shape=None: arr(rng, n, code, c, shape)
    S = lambda code="f8": scalar(rng, code, c)
    lin = lambda: est("sklearn.linear_model._base.LinearRegression", fit_intercept=True, copy_X=True, n_jobs=None, positive=False, n_features_in_=4, coef_=A(), rank_=4, singular_=A(), intercept_=S())
    scaler = lambda: est("sklearn.preprocessing._data.StandardScaler", with_mean=True, with_std=True, copy=True, n_features_in_=4, n_samples_seen_=S("i8"), mean_=A(), var_=A(), scale_=A(), feature_names_in_=A(4, "O8"))
    logreg = lambda: est("sklearn.linear_model._logistic.LogisticRegression", penalty="l2", dual=False, tol=1e-4, C=1.0, fit_intercept=True, intercept_scaling=1, class_weight=None, random_state=None, solver="lbfgs", max_iter=100, multi_class="auto", verbose=0, warm_start=False, n_jobs=None, l1_ratio=None, n_features_in_=4, classes_=A(2, "i8"), n_iter_=A(1, "i4"), coef_=A(shape=(1, 4)), intercept_=A(1))
    tfidf = est("sklearn.feature_extraction.text.TfidfVectorizer", input="content", encoding="utf-8", decode_error="strict", strip_accents=None, preprocessor=None, tokenizer=None, analyzer="word", lowercase=True, token_pattern="(?u)\\b\\w\\w+\\b", stop_words=None, max_df=1.0, min_df=1, max_features=None, ngram_range=(1, 1),
                vocabulary_={w: S("i8") if i < 3 else i for i, w in enumerate(["os", "system", "eval", "exec", "os.system", "subprocess", "__import__", "rm", "import"] + [ident(rng) for _ in range(60)])}, binary=False, dtype=G("numpy", "float64"), _tfidf=est("sklearn.feature_extraction.text.TfidfTransformer", norm="l2", use_idf=True, smooth_idf=True, sublinear_tf=False, n_features_in_=69, idf_=A(69)), fixed_vocabulary_=False, stop_words_=None)
    yield "LinearRegression", lin()
    yield "StandardScaler", scaler()
    yield "LogisticRegression", logreg()
    yield "TfidfVectorizer with words such as os.system", tfidf
    yield "Pipeline of scaler and classifier", est("sklearn.pipeline.Pipeline", steps=[("scale", scaler()), ("clf", logreg())], memory=None, verbose=False)
    yield "Pipeline of text and naive Bayes", est("sklearn.pipeline.Pipeline", steps=[("tfidf", tfidf), ("nb", est("sklearn.naive_bayes.MultinomialNB", alpha=1.0, fit_prior=True, class_prior=None, force_alpha=True, n_features_in_=69, class_count_=A(2), feature_count_=A(shape=(2, 5)), classes_=A(2, "O8"), feature_log_prob_=A(shape=(2, 5)), class_log_prior_=A(2)))], memory=None, verbose=False)
    yield "DecisionTree", dtree(rng, c)
    yield "DecisionTreeRegressor", dtree(rng, c, "DecisionTreeRegressor")
    yield "RandomForest", est("sklearn.ensemble._forest.RandomForestClassifier", estimator=est("sklearn.tree._classes.DecisionTreeClassifier", criterion="gini"), n_estimators=8, estimator_params=("criterion", "max_depth"), bootstrap=True, oob_score=False, n_jobs=-1, random_state=42, verbose=0, warm_start=False, n_features_in_=4, n_outputs_=1, classes_=A(3, "i8"), n_classes_=3, estimator_=est("sklearn.tree._classes.DecisionTreeClassifier", criterion="gini"), estimators_=[dtree(rng, c) for _ in range(8)])
    yield "GradientBoosting", est("sklearn.ensemble._gb.GradientBoostingRegressor", n_estimators=3, learning_rate=0.1, loss="squared_error", init_=est("sklearn.dummy.DummyRegressor", strategy="mean", constant_=A(shape=(1, 1))), _loss=Build(New(G("sklearn._loss.loss.HalfSquaredError")), {"closs": loss("CyHalfSquaredError"), "link": New(G("sklearn._loss.link.IdentityLink")), "approx_hessian": False, "constant_hessian": True, "n_classes": None, "interval_y_true": NewEx(G("sklearn._loss.link.Interval"), (-1e308, 1e308, False, False)) if False else New(G("sklearn._loss.link.Interval"), -1e308, 1e308, False, False)}), estimators_=A(2, "O8"), _rng=rstate(rng, c))
    yield "SVC", est("sklearn.svm._classes.SVC", decision_function_shape="ovr", break_ties=False, kernel="rbf", degree=3, gamma="scale", coef0=0.0, tol=1e-3, C=1.0, nu=0.0, epsilon=0.0, shrinking=True, probability=False, cache_size=200, class_weight=None, verbose=False, max_iter=-1, random_state=None, _sparse=False, class_weight_=A(2), classes_=A(2, "i8"), _gamma=0.25, support_=A(4, "i4"), support_vectors_=A(shape=(4, 4)), _n_support=A(2, "i4"), dual_coef_=A(shape=(1, 4)), intercept_=A(1), _probA=A(1), fit_status_=0, shape_fit_=(10, 4))
    yield "KMeans", est("sklearn.cluster._kmeans.KMeans", n_clusters=3, init="k-means++", max_iter=300, tol=1e-4, n_init=10, verbose=0, random_state=rstate(rng, c), copy_x=True, algorithm="lloyd", cluster_centers_=A(shape=(3, 4)), labels_=A(20, "i4"), inertia_=1.5, n_iter_=4)
    yield "KNN with KDTree", est("sklearn.neighbors._classification.KNeighborsClassifier", n_neighbors=5, radius=None, algorithm="auto", leaf_size=30, metric="minkowski", metric_params=None, p=2, n_jobs=None, weights="uniform", classes_=A(2, "i8"), _tree=Build(Call(G("sklearn.neighbors._kd_tree", "newObj"), G("sklearn.neighbors._kd_tree", "KDTree")), (A(shape=(5, 4)), A(5, "i8"), A(3), A(2), 30, 1, 2, 0, 0, 0, 0, Build(Call(G("sklearn.metrics._dist_metrics", "newObj"), G("sklearn.metrics._dist_metrics", "EuclideanDistance")), (2.0, A(1), A(1))), None)))
    yield "GaussianProcess kernels", est("sklearn.gaussian_process._gpr.GaussianProcessRegressor", kernel=Build(New(G("sklearn.gaussian_process.kernels.Sum")), {"k1": Build(New(G("sklearn.gaussian_process.kernels.RBF")), {"length_scale": 1.0, "length_scale_bounds": (1e-5, 1e5)}), "k2": Build(New(G("sklearn.gaussian_process.kernels.WhiteKernel")), {"noise_level": 1.0, "noise_level_bounds": "fixed"})}), alpha=1e-10, optimizer="fmin_l_bfgs_b", X_train_=A(shape=(5, 2)), L_=A(shape=(5, 5)))
    yield "ColumnTransformer", est("sklearn.compose._column_transformer.ColumnTransformer", transformers=[("num", scaler(), ["a", "b"]), ("cat", est("sklearn.preprocessing._encoders.OneHotEncoder", categories="auto", sparse_output=True, dtype=G("numpy", "float64"), handle_unknown="ignore", categories_=[A(3, "O8")], _drop_idx_after_grouping=None), ["c"])], remainder="drop", sparse_threshold=0.3, n_jobs=None, transformer_weights=None, verbose=False, _feature_names_in=None, output_indices_={"num": Call(G("builtins", "slice"), 0, 2, None), "cat": Call(G("builtins", "slice"), 2, 5, None)})
    yield "FunctionTransformer with numpy functions", est("sklearn.preprocessing._function_transformer.FunctionTransformer", func=G("numpy", "log1p"), inverse_func=G("numpy", "expm1"), validate=False, accept_sparse=False, check_inverse=True, feature_names_out=None, kw_args=None, inv_kw_args=None)
    yield "FunctionTransformer with scipy.special", est("sklearn.preprocessing._function_transformer.FunctionTransformer", func=G("scipy.special._ufuncs", "expit"), inverse_func=G("scipy.special._ufuncs", "logit"), validate=True)
    yield "GridSearchCV", est("sklearn.model_selection._search.GridSearchCV", scoring="accuracy", estimator=logreg(), n_jobs=None, refit=True, cv=New(G("sklearn.model_selection._split.StratifiedKFold")), verbose=0, param_grid={"C": [0.1, 1, 10], "penalty": ["l2"]}, best_score_=S(), best_params_={"C": 1}, best_estimator_=logreg(), cv_results_={"mean_fit_time": A(3), "params": [{"C": 0.1}, {"C": 1}], "param_C": Build(Call(G("numpy.ma.core", "_mareconstruct"), G("numpy.ma.core", "MaskedArray"), G("numpy", "ndarray"), (0,), "b"), (1, (3,), dt("O8"), False, [1, 2, 3], b"\0\0\0", None))}, scorer_=Build(New(G("sklearn.metrics._scorer._PassthroughScorer")), {"_estimator": None}), multimetric_=False)
    yield "CalibratedClassifier", est("sklearn.calibration.CalibratedClassifierCV", method="isotonic", cv=3, calibrated_classifiers_=[Build(New(G("sklearn.calibration._CalibratedClassifier")), {"estimator": logreg(), "calibrators": [est("sklearn.isotonic.IsotonicRegression", y_min=0, f_=Build(New(G("scipy.interpolate._interpolate.interp1d")), {"_y_axis": 0, "x": A(4), "_y": A(shape=(4, 1))}))], "classes": A(2, "i8")})])
    yield "LabelEncoder", est("sklearn.preprocessing._label.LabelEncoder", classes_=A(5, "O8"))
    yield "MLPClassifier", est("sklearn.neural_network._multilayer_perceptron.MLPClassifier", hidden_layer_sizes=(10,), activation="relu", solver="adam", coefs_=[A(shape=(4, 10)), A(shape=(10, 1))], intercepts_=[A(10), A(1)], _random_state=rstate(rng, c), _optimizer=Build(New(G("sklearn.neural_network._stochastic_optimizers.AdamOptimizer")), {"beta_1": 0.9, "t": 20, "ms": [A(4)], "vs": [A(4)]}), _label_binarizer=est("sklearn.preprocessing._label.LabelBinarizer", neg_label=0, pos_label=1, classes_=A(2, "i8")), loss_curve_=[0.5, 0.4])
    yield "HistGradientBoosting", est("sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier", loss="log_loss", learning_rate=0.1, max_iter=10, _preprocessor=None, classes_=A(2, "i8"), _predictors=[[Build(New(G("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")), {"nodes": A(4), "binned_left_cat_bitsets": A(8, "u4"), "raw_left_cat_bitsets": A(8, "u4")})]], _bin_mapper=est("sklearn.ensemble._hist_gradient_boosting.binning._BinMapper", n_bins=256, bin_thresholds_=[A(5)]), _loss=Build(New(G("sklearn._loss.loss.HalfBinomialLoss")), {"closs": loss("CyHalfBinomialLoss"), "link": New(G("sklearn._loss.link.LogitLink"))}))
    yield "IsolationForest", est("sklearn.ensemble._iforest.IsolationForest", n_estimators=2, estimators_=[est("sklearn.tree._classes.ExtraTreeRegressor", tree_=tree_struct(rng, c), random_state=3)] * 1, offset_=-0.5, _max_samples=20, _max_features=4)
    yield "PCA", est("sklearn.decomposition._pca.PCA", n_components=2, copy=True, whiten=False, svd_solver="auto", components_=A(shape=(2, 4)), explained_variance_=A(2), mean_=A(4), n_components_=2, noise_variance_=S())
    yield "CountVectorizer", est("sklearn.feature_extraction.text.CountVectorizer", input="content", analyzer="char", vocabulary_={ch: i for i, ch in enumerate("abc$()<>{}_")}, dtype=G("numpy", "int64"), token_pattern=None)
    yield "TransformedTarget with numpy functions", est("sklearn.compose._target.TransformedTargetRegressor", regressor=lin(), func=G("numpy", "log"), inverse_func=G("numpy", "exp"), check_inverse=True, regressor_=lin(), transformer_=est("sklearn.preprocessing._function_transformer.FunctionTransformer", func=G("numpy", "log")))
    yield "old sklearn module paths", Build(New(G("sklearn.linear_model.logistic.LogisticRegression")), {"C": 1.0, "coef_": A(), "classes_": A(2, "i8"), "_sklearn_version": "0.20.3"})
    yield "old random forest paths", Build(New(G("sklearn.ensemble.forest.RandomForestRegressor")), {"n_estimators": 1, "base_estimator_": New(G("sklearn.tree.tree.DecisionTreeRegressor")), "estimators_": [], "_sklearn_version": "0.19.1"})
    yield "imblearn pipeline", Build(New(G("imblearn.pipeline.Pipeline")), {"steps": [("smote", Build(New(G("imblearn.over_sampling._smote.base.SMOTE")), {"k_neighbors": 5, "random_state": 0})), ("clf", logreg())], "memory": None, "verbose": False})


def sparse(rng, c, cls="csr_matrix", mod="scipy.sparse._csr"):
    return Build(New(G(mod, cls)), {"_shape": (3, 4), "maxprint": 50, "data": arr(rng, 4, "f8", c), "indices": arr(rng, 4, "i4", c), "indptr": arr(rng, 4, "i4", c), "_has_sorted_indices": True})


def pandas_objs(rng):
    c = rng.choice(NPCORE)
    A = lambda n=4, code="f8", shape=None: arr(rng, n, code, c, shape)
    idx = lambda vals: Call(G("pandas.core.indexes.base", "_new_Index"), G("pandas.core.indexes.base", "Index"), {"data": A(len(vals), "O8"), "name": None})
    rng_idx = Call(G("pandas.core.indexes.base", "_new_Index"), G("pandas.core.indexes.range", "RangeIndex"), {"name": None, "start": 0, "stop": 4, "step": 1})
    blk = lambda a, p=(0, 1, 1), nd=2: Call(G("pandas._libs.internals", "_unpickle_block"), a, Call(G("builtins", "slice"), *p), nd)
    mgr = lambda: Call(G("pandas.core.internals.managers", "BlockManager"), (blk(A(shape=(1, 4))), blk(A(shape=(1, 4), code="i8"), (1, 2, 1))), [idx("ab"), rng_idx])
    df = lambda: Build(New(G("pandas.core.frame", "DataFrame")), {"_mgr": mgr(), "_typ": "dataframe", "_metadata": [], "attrs": {}, "_flags": {"allows_duplicate_labels": True}})
    yield "DataFrame", df()
    yield "DataFrame in a dict", {"train": df(), "meta": {"source": "s3://bucket/x", "cols": ["a", "b"]}}
    yield "Series", Build(New(G("pandas.core.series", "Series")), {"_mgr": Build(New(G("pandas.core.internals.managers", "SingleBlockManager")), ([rng_idx], [A()], [rng_idx], {"0.14.1": {"axes": [rng_idx], "blocks": [{"values": A(), "mgr_locs": Call(G("builtins", "slice"), 0, 4, 1)}]}})), "_typ": "series", "_metadata": ["_name"], "attrs": {}, "_flags": {"allows_duplicate_labels": True}, "_name": "x"})
    yield "Timestamp", {"t": Call(G("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"), 1700000000000000000, None, None, 10), "d": Call(G("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"), 86400000000000, 10), "n": Call(G("pandas._libs.tslibs.nattype", "_nat_unpickle"), None)}
    yield "DatetimeIndex", Call(G("pandas.core.indexes.datetimes", "_new_DatetimeIndex"), G("pandas.core.indexes.datetimes", "DatetimeIndex"), {"data": Build(Call(G("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"), G("pandas.core.arrays.datetimes", "DatetimeArray"), 5417235, None), (Build(Call(G("numpy", "dtype"), "M8[ns]", False, True), (4, "<", None, None, None, -1, -1, 0, (b"ns", 1, 1, 1))), A(3, "i8"), {"_freq": None})), "name": "when", "freq": None})
    yield "Categorical", Build(Call(G("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"), G("pandas.core.arrays.categorical", "Categorical"), 5417235, None), (Build(New(G("pandas.core.dtypes.dtypes", "CategoricalDtype")), {"categories": idx("abc"), "ordered": False}), A(5, "i1"), {}))
    yield "MultiIndex", Call(G("pandas.core.indexes.base", "_new_Index"), G("pandas.core.indexes.multi", "MultiIndex"), {"levels": [idx("ab"), idx("cd")], "codes": [A(4, "i1"), A(4, "i1")], "sortorder": None, "names": ["x", "y"]})
    yield "extension dtypes", [Build(New(G("pandas.core.arrays.integer", "IntegerArray")), {"_data": A(4, "i8"), "_mask": A(4, "b1"), "_cache": {}}), New(G("pandas.core.arrays.string_", "StringDtype")), Build(New(G("pandas.core.arrays.boolean", "BooleanDtype")), {})]
    yield "scipy csr", sparse(rng, c)
    yield "scipy csc and coo", [sparse(rng, c, "csc_matrix", "scipy.sparse._csc"), sparse(rng, c, "coo_matrix", "scipy.sparse._coo"), sparse(rng, c, "csr_matrix", "scipy.sparse.csr"), sparse(rng, c, "csr_array", "scipy.sparse._csr")]
    yield "scipy distribution", Build(New(G("scipy.stats._distn_infrastructure", "rv_continuous_frozen")), {"args": (), "kwds": {"loc": 0, "scale": 1}, "dist": New(G("scipy.stats._continuous_distns", "norm_gen")), "a": -1e300, "b": 1e300})
    yield "scipy KDTree and splines", [Build(New(G("scipy.spatial._kdtree", "KDTree")), (A(shape=(4, 2)), A(1), 10)), Build(New(G("scipy.interpolate._bsplines", "BSpline")), {"k": 3, "t": A(8), "c": A(4), "extrapolate": True})]
    yield "numpy poly and matrix", [Build(New(G("numpy.polynomial.polynomial", "Polynomial")), {"coef": A(3), "domain": A(2), "window": A(2), "_symbol": "x"}), Build(Call(G(c, "_reconstruct"), G("numpy", "matrix"), (0,), b"b"), (1, (1, 2), dt("f8"), False, b"\0" * 16))]


def boosters(rng):
    c = rng.choice(NPCORE)
    raw = lambda n: bytearray(b"{L\x00\x00\x00\x00\x00\x00\x00\x06Configi\x10" + rng.randbytes(n))
    bst = lambda: Build(New(G("xgboost.core", "Booster")), {"handle": raw(600), "feature_names": ["a", "b"], "feature_types": None, "best_iteration": 4, "best_score": 0.3})
    yield "XGBClassifier", Build(New(G("xgboost.sklearn", "XGBClassifier")), {"n_estimators": 100, "objective": "binary:logistic", "max_depth": 3, "missing": float("nan"), "n_jobs": None, "_Booster": bst(), "enable_categorical": False, "n_classes_": 2, "evals_result_": {"validation_0": Call(G("collections", "OrderedDict"))}})
    yield "XGBRegressor", Build(New(G("xgboost.sklearn", "XGBRegressor")), {"objective": "reg:squarederror", "_Booster": bst(), "callbacks": None, "kwargs": {}})
    yield "xgboost Booster", bst()
    lg = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=3\nobjective=regression\nfeature_names=a b c d\n\nTree=0\nnum_leaves=2\nleaf_value=0.1 0.2\n\nend of trees\n\nparameters:\n[boosting: gbdt]\nend of parameters\n"
    lgb = lambda: Build(New(G("lightgbm.basic", "Booster")), {"_network": False, "_train_data_name": "training", "handle": lg, "params": {"objective": "regression"}, "pandas_categorical": [], "best_iteration": 3, "best_score": Call(G("collections", "defaultdict"), G("collections", "OrderedDict")), "name_valid_sets": []})
    yield "LGBMClassifier", Build(New(G("lightgbm.sklearn", "LGBMClassifier")), {"boosting_type": "gbdt", "objective": None, "num_leaves": 31, "_Booster": lgb(), "_le": est("sklearn.preprocessing._label.LabelEncoder", classes_=arr(rng, 2, "i8", c)), "_evals_result": {}, "_best_score": Call(G("collections", "defaultdict"), G("collections", "OrderedDict"))})
    yield "lightgbm Booster", lgb()
    yield "CatBoostClassifier", Build(New(G("catboost.core", "CatBoostClassifier")), {"_init_params": {"iterations": 10, "verbose": 0}, "_random_seed": 0, "__model": b"CBM1" + rng.randbytes(400), "__cbm_data": None})
    yield "statsmodels result", Build(New(G("statsmodels.regression.linear_model", "RegressionResultsWrapper")), {"_results": Build(New(G("statsmodels.regression.linear_model", "OLSResults")), {"params": arr(rng, 2, "f8", c), "scale": 1.0, "cov_type": "nonrobust"})})
    yield "prophet", Build(New(G("prophet.forecaster", "Prophet")), {"growth": "linear", "changepoints": None, "seasonalities": Call(G("collections", "OrderedDict"), [["yearly", {"period": 365.25, "fourier_order": 10}]]), "params": {"k": arr(rng, 1, "f8", c)}, "stan_backend": None})
    yield "word2vec of gensim", Build(New(G("gensim.models.word2vec", "Word2Vec")), {"vector_size": 10, "window": 5, "wv": Build(New(G("gensim.models.keyedvectors", "KeyedVectors")), {"vector_size": 10, "index_to_key": ["the", "eval", "os.system"], "key_to_index": {"the": 0, "eval": 1, "os.system": 2}, "vectors": arr(rng, 0, "f4", c, (3, 10)), "expandos": {"count": arr(rng, 3, "i8", c)}}), "lifecycle_events": [{"params": "size=10", "datetime": "2024-01-01T00:00:00", "gensim": "4.3.2", "python": "3.10", "platform": "Linux", "event": "created"}]})
    yield "nltk punkt", Build(New(G("nltk.tokenize.punkt", "PunktSentenceTokenizer")), {"_params": Build(New(G("nltk.tokenize.punkt", "PunktParameters")), {"abbrev_types": {"mr", "dr", "e.g"}, "collocations": {("a", "b")}, "sent_starters": set(), "ortho_context": Call(G("collections", "defaultdict"), G("builtins", "int"))}), "_lang_vars": New(G("nltk.tokenize.punkt", "PunktLanguageVars"))})
    yield "networkx graph", Build(New(G("networkx.classes.graph", "Graph")), {"graph": {}, "_node": {1: {}, 2: {}}, "_adj": {1: {2: {"weight": 1.0}}, 2: {1: {"weight": 1.0}}}})
    yield "fast tokenizer", Build(New(G("tokenizers", "Tokenizer")), b'{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"model":{"type":"BPE","vocab":{"eval":0,"os":1},"merges":[]}}')
    yield "sentencepiece", Build(New(G("sentencepiece", "SentencePieceProcessor")), {"serialized_model_proto": b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02", "_add_bos": False})
    yield "plain config objects", [Build(New(G("argparse", "Namespace")), {"lr": 0.1, "data": "/data/train", "cmd": "eval", "exec": None}), Build(New(G("transformers.models.bert.configuration_bert", "BertConfig")), {"vocab_size": 30522, "hidden_size": 768, "architectures": ["BertForMaskedLM"]}), Build(New(G("types", "SimpleNamespace")), {"a": 1})]


def transformers_objs(rng):
    enum_old = lambda cls, v: Call(G("transformers.trainer_utils", cls), v)
    dev = Call(G("torch", "device"), "cuda", 0)
    ta = Build(New(G("transformers.training_args", "TrainingArguments")), {"output_dir": "./out", "overwrite_output_dir": False, "do_train": False, "do_eval": True, "evaluation_strategy": enum_old("IntervalStrategy", "epoch"), "per_device_train_batch_size": 8, "learning_rate": 5e-5, "lr_scheduler_type": Call(G("transformers.trainer_utils", "SchedulerType"), "linear"), "save_strategy": enum_old("SaveStrategy", "steps"), "optim": Call(G("transformers.training_args", "OptimizerNames"), "adamw_torch"), "hub_strategy": enum_old("HubStrategy", "every_save"),
               "logging_dir": "./out/runs/May01_host", "distributed_state": Build(New(G("accelerate.state", "PartialState")), {"_cpu": False, "backend": None, "device": dev, "distributed_type": Call(G("accelerate.utils.dataclasses", "DistributedType"), "NO"), "num_processes": 1}), "_n_gpu": 1, "deepspeed_plugin": None, "__cached__setup_devices": dev, "report_to": ["tensorboard"], "accelerator_config": Build(New(G("transformers.trainer_pt_utils", "AcceleratorConfig")), {"split_batches": False, "even_batches": True})})
    yield "training_args.bin", "training_args.bin", ta
    yield "Seq2SeqTrainingArguments", "training_args.bin", Build(New(G("transformers.training_args_seq2seq", "Seq2SeqTrainingArguments")), {"output_dir": "x", "predict_with_generate": True, "evaluation_strategy": enum_old("EvaluationStrategy", "no"), "generation_config": None})
    yield "DPOConfig of trl", "training_args.bin", Build(New(G("trl.trainer.dpo_config", "DPOConfig")), {"beta": 0.1, "loss_type": "sigmoid", "save_strategy": Call(G("builtins", "getattr"), G("transformers.trainer_utils", "SaveStrategy"), "STEPS")})
    yield "lora config", "config.pkl", Build(New(G("peft.tuners.lora.config", "LoraConfig")), {"r": 8, "target_modules": {"q_proj", "v_proj"}, "task_type": Call(G("peft.utils.peft_types", "TaskType"), "CAUSAL_LM"), "peft_type": Call(G("peft.utils.peft_types", "PeftType"), "LORA")})
    yield "slow tokenizer", "tokenizer.pickle", Build(New(G("transformers.models.bert.tokenization_bert", "BertTokenizer")), {"vocab": Call(G("collections", "OrderedDict"), [["[PAD]", 0], ["eval", 1], ["__import__", 2]]), "do_lower_case": True})
    yield "keras tokenizer", "tokenizer.pickle", Build(New(G(rng.choice(["keras.preprocessing.text", "keras_preprocessing.text", "keras.src.preprocessing.text"]), "Tokenizer")), {"word_counts": Call(G("collections", "OrderedDict"), [["the", 3], ["exec", 1]]), "word_docs": Call(G("collections", "defaultdict"), G("builtins", "int"), ), "filters": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', "split": " ", "lower": True, "num_words": 1000, "oov_token": "<OOV>", "index_word": {1: "the"}, "word_index": {"the": 1}})


def stdlib_objs(rng):
    yield "datetimes", [datetime.datetime(2024, 5, 1, 12, 30, 1, 5), datetime.date(2020, 2, 29), datetime.timedelta(1, 2, 3), datetime.time(1, 2), datetime.timezone.utc, datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))]
    yield "decimals and fractions", [decimal.Decimal("1.10"), fractions.Fraction(3, 7), complex(1, 2)]
    yield "collections", [collections.OrderedDict(a=1), collections.Counter("hello"), collections.deque([1, 2], maxlen=9), collections.defaultdict(list, a=[1]), collections.defaultdict(int), collections.ChainMap({"a": 1}, {"b": 2})]
    yield "uuid", [uuid.UUID(int=rng.getrandbits(128)) for _ in range(3)]
    yield "paths", [pathlib.PurePosixPath("/data/train/a.csv"), pathlib.PureWindowsPath("C:/x"), pathlib.PosixPath("../../etc/config")]
    yield "regexes", [re.compile(r"(?u)\b\w+\b"), re.compile(b"x", re.I), re.compile(r"os\.system\((.*)\)")]
    yield "arrays", [array.array("d", [1.0, 2.0]), array.array("B", b"abc")]
    yield "slices and ranges", [slice(1, 2), range(10), bytearray(b"abc"), frozenset([1, 2]), {3, 4}]
    yield "ip addresses", [ipaddress.ip_address("192.0.2.1"), ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_address("2001:db8::1")]
    yield "itemgetter", {"key": operator.itemgetter("score"), "key2": operator.itemgetter(0, 1)}
    yield "random state", random.Random(5)
    yield "random getstate", random.Random(7).getstate()
    yield "struct_time", time.gmtime(1_700_000_000)
    yield "time zone", datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC"))
    yield "exceptions", [ValueError("bad value"), KeyError("k"), StopIteration(), FileNotFoundError(2, "No such file", "model.bin")]
    yield "logger", {"logger": logging.getLogger("trainer"), "root": logging.getLogger()}
    yield "itertools", [itertools.count(5)]
    yield "types as values", {"dtype": float, "kinds": [int, str, list, dict, bool, bytes, type(None)], "np": np.float32}
    yield "ellipsis", [Ellipsis, NotImplemented]
    yield "string Template", string.Template("hello $name")
    yield "math functions", {"f": [abs, len, max, min, sum]}
    yield "named enum flags", [re.IGNORECASE, re.MULTILINE | re.DOTALL]


def numpy_objs(rng):
    for code in ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", "S5", "U7", "M8[s]", "m8[ms]", "V4", "O", ">f4", ">i8", "g"]:
        n = rng.randint(0, 40)
        if code == "O":
            yield "array of " + code, np.array([None, "os.system", 3, [1, 2], {"a": 1}], dtype=object)
        elif code[0] in "SU":
            yield "array of " + code, np.array(["eval", "exec", "x"], dtype=code)
        else:
            yield "array of " + code, (np.arange(n) % 2).astype("i8" if code[0] in "mM" else code if code != "V4" else "i4").astype(code if code[0] != "V" else "i4").view(code if code == "V4" else None or (code if code != "?" else "?"))
    yield "structured array", np.array([(1, 2.0, b"ab")], dtype=[("a", "<i4"), ("b", "<f8"), ("c", "S2")])
    yield "nested dtype", np.zeros(3, dtype=[("p", [("x", "f4"), ("y", "f4")]), ("m", "u1", (2, 3))])
    yield "record array", np.rec.array([(1, "a"), (2, "b")], names="n,s")
    yield "masked array", np.ma.array([1, 2, 3], mask=[0, 1, 0])
    yield "Fortran order", np.asfortranarray(np.arange(12.0).reshape(3, 4))
    yield "zero-dimensional", np.array(3.5)
    yield "scalars", [np.float32(1.5), np.int64(3), np.bool_(True), np.complex64(1j), np.str_("eval"), np.bytes_(b"x"), np.datetime64("2024-01-01"), np.timedelta64(3, "s")]
    yield "dtypes", [np.dtype("f4"), np.dtype([("a", "i4")]), np.dtype("O")]
    yield "generators", [np.random.default_rng(3), np.random.RandomState(4)]
    yield "bit generators", [np.random.PCG64(1), np.random.Philox(2), np.random.SFC64(3), np.random.MT19937(5), np.random.SeedSequence(9)]
    yield "ufuncs as values", {"f": np.add, "g": np.log1p, "h": np.mean, "t": np.tanh}
    yield "finite weights", {"w%d" % i: np.random.RandomState(i).randn(8, 8).astype("f4") for i in range(12)}
    yield "large array", np.random.RandomState(1).rand(60_000)


def data_objs(rng):
    bad = ["os.system", "eval", "exec", "__import__", "subprocess.Popen", "../../etc/passwd", "builtins", "posix\nsystem", "cos\nsystem\n(S'echo'\ntR.", "<script>", "rm -rf /", "{{ ''.__class__ }}", "R", "\x80\x04", "c__builtin__\neval"]
    yield "vocabulary with code words", {w: i for i, w in enumerate(bad + [ident(rng) for _ in range(400)])}
    yield "token list", ["<pad>", "<unk>"] + bad + [ident(rng, 4) for _ in range(300)]
    yield "code corpus", [{"text": "import os\nos.system('ls')\n", "lang": "python"}, {"text": "eval(input())", "lang": "python"}] * 5
    yield "base64 text", {"img": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "n": 1}
    yield "long hex digests", ["%064x" % rng.getrandbits(256) for _ in range(20)]
    yield "nested config", {"model": {"name": "bert", "layers": [{"type": "attention", "heads": 8, "dropout": 0.1}] * 3}, "trainer": {"exec": "local", "command": "train.py --eval", "system": "linux"}, "paths": ["/data/../x", "C:\\models\\a"]}
    yield "label map", {i: words(rng, 1) for i in range(1000)}
    yield "list of tuples", [(i, words(rng, 1), rng.random()) for i in range(1500)]
    yield "deep but small", [[[[[[[[[[{"a": [1]}]]]]]]]]]]
    yield "all primitive kinds", [None, True, False, 0, -1, 255, 256, 65535, 65536, -2**31, 2**31, 2**63, -2**63, 2**200, 1.5, float("inf"), "", "é漢字🙂", b"", b"\x00\xff", (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], {}, set(), frozenset()]
    yield "metrics", {"acc": 0.91, "confusion": [[5, 1], [0, 7]], "report": "precision recall f1\n0.9 0.8 0.85"}
    yield "unicode with separators", ["a\nb", "tab\t", "\\u0041", "c:\\x", "'", '"', "\u2028", "\x00"]
    yield "empty dict", {}
    yield "single int", 7
    yield "single string", "os.system"
    yield "large ints", [rng.getrandbits(4000) for _ in range(3)]
    yield "images as bytes", [b"\x89PNG\r\n\x1a\n" + rng.randbytes(300), b"\xff\xd8\xff\xe0" + rng.randbytes(300)]
    yield "random bytes", {"key": rng.randbytes(5000), "iv": rng.randbytes(16)}
    yield "shared references", (lambda x: [x, x, {"a": x}])([1, 2, 3])


def torch_tensor(i, kind="FloatStorage", n=4, shape=None):
    return Call(G("torch._utils", "_rebuild_tensor_v2"), Pers(("storage", G("torch", kind), str(i), "cpu", n)), 0, shape or (n,), (1,), False, Call(G("collections", "OrderedDict")))


def put(s, name, data, tech, fmt=None, fam=FAM):
    s.add(fam, "benign", name, data, tech, fmt=fmt)


def build(s):
    rng = s.rng("pickle.benign")
    warnings.simplefilter("ignore")
    nm = lambda: rng.choice(PLAIN_PICKLE_NAMES)
    for tech, v in itertools.chain(stdlib_objs(rng), numpy_objs(rng)):
        for p in sorted(rng.sample(range(6), 2)):
            try:
                b = pickle.dumps(v, p)
            except Exception:
                continue
            if p < 4 and rng.random() < 0.5:
                b = old(b)
            put(s, nm(), b, "%s, protocol %d" % (tech, p))
    for tech, v in data_objs(rng):
        for p in sorted(rng.sample(range(6), 3)):
            put(s, rng.choice(PICKLE_NAMES), dumps(v, p), "%s, protocol %d" % (tech, p))
    for tech, v in itertools.chain(sk_models(rng), pandas_objs(rng), boosters(rng)):
        for p in sorted(rng.sample([0, 2, 2, 3, 4, 4, 5], 1 if rng.random() < .4 else 2)):
            if p < 2 and "__pyx" in tech:
                p = 2
            b = dumps(v, p, py2=(p == 2 and rng.random() < .2))
            inert(b)
            assert not any(k == "broken" for k, _ in inert(b)), (tech, inert(b)[-1])
            put(s, nm(), b, "%s, protocol %d" % (tech, p))
    for tech, name, v in transformers_objs(rng):
        for p in (2, 4):
            b = dumps(v, p)
            assert not any(k == "broken" for k, _ in inert(b)), tech
            put(s, name, b, "%s, protocol %d" % (tech, p))
    for p in (0, 1, 2):
        put(s, "py2.pkl", dumps({PyStr(b"name"): PyStr(b"model \xe9\n"), "u": "é", "x": [PyStr(b"os.system"), PyStr(b"abc" * 100)]}, p), "Python 2 strings, protocol %d" % p)
        put(s, "py2_set.pkl", dumps([Call(G("__builtin__", "set"), [1, 2]), Call(G("__builtin__", "xrange"), 0, 5, 1), Call(G("copy_reg", "_reconstructor"), G("collections", "OrderedDict"), G("__builtin__", "object"), None)], p), "Python 2 builtins, protocol %d" % p)
    put(s, "cifar_batch_1", dumps({PyStr(b"data"): arr(rng, 0, "u1", shape=(4, 3072)), PyStr(b"labels"): [1, 2, 3, 4], PyStr(b"batch_label"): PyStr(b"training batch 1 of 5"), PyStr(b"filenames"): [PyStr(b"a.png")]}, 2), "data batch written by Python 2")
    put(s, "streams.pkl", b"".join(dumps({"step": i, "loss": rng.random()}, 4) for i in range(8)), "eight streams one after the other")
    put(s, "arrays.pkl", b"".join(pickle.dumps(np.arange(i + 3), 4) for i in range(4)), "four arrays one after the other")
    put(s, "model_with_partial.pkl", dumps({"norm": Build(Call(G("functools", "partial"), G("torch.nn.modules.normalization", "LayerNorm")), (G("torch.nn.modules.normalization", "LayerNorm"), (), {"eps": 1e-6}, None))}, 4), "functools.partial of a torch class")
    put(s, "enum311.pkl", dumps({"strategy": Call(G("builtins", "getattr"), G("transformers.trainer_utils", "IntervalStrategy"), "STEPS")}, 4), "enum member as Python 3.11 writes it")
    big = dumps({"tok%07d" % i: i for i in range(150_000)}, 4)
    put(s, "vocab.pkl", big, "vocabulary of 150,000 entries")
    # unscored: classes that only the author has
    for p in (2, 4, 5):
        for m, n in (("__main__", "Net"), ("model", "Classifier"), ("models.yolo", "Model"), ("myproject.features", "Encoder"), ("src.data", "Config"), ("torch_utils.persistence", "_reconstruct_persistent_obj")):
            s.add(FAM, "review", nm(), dumps(Build(New(G(m, n)), {"a": 1, "w": [0.1, 0.2]}), p), "own class %s.%s by NEWOBJ" % (m, n), "unknown-class")
