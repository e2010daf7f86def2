"""Trains the churn model from a table of customers."""

import argparse

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("--output", default="models/churn.joblib")
    arguments = parser.parse_args()
    customers = pd.read_csv(arguments.table)
    model = RandomForestClassifier(n_estimators=20, random_state=0)
    model.fit(customers.drop(columns="churned"), customers["churned"])
    joblib.dump(model, arguments.output)


if __name__ == "__main__":
    main()
