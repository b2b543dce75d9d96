"""Learning to rank: candidates, their features, and a model that orders them anew.

::

    vectors.py       what is needed of an index of vectors
    first_stage.py   BM25F, with kind and meaning beside it: candidates, best first
    text_features.py, features.py   what the model sees of a query and a document
    training.py      LightGBM's LambdaMART on judged documents and unjudged negatives
    model.py         boosters with the names of their features; saved with the index
    reranking.py     the model's order, mixed with that of the first stage

LightGBM is an optional extra (``search-system[rank]``), imported when a model is trained or used.
"""
