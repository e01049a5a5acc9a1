"""Fits petal width to the other three measurements of Fisher's irises, by least squares.

Reads datasets/iris.csv, writes results/model.json. Standard library only, and exact: the normal equations
are solved in rational numbers, so that the same data gives the same digits on any machine.
"""

import csv
import json
import os
from fractions import Fraction

TARGET = "petal_width"
INPUTS = ["sepal_length", "sepal_width", "petal_length"]


def load(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    inputs = [[Fraction(1)] + [Fraction(row[name]) for name in INPUTS] for row in rows]
    targets = [Fraction(row[TARGET]) for row in rows]
    return inputs, targets


def solve(matrix, vector):
    """Gauss-Jordan elimination; the matrix is square and regular."""
    size = len(matrix)
    rows = [list(row) + [value] for row, value in zip(matrix, vector)]
    for column in range(size):
        pivot = next(r for r in range(column, size) if rows[r][column] != 0)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for r in range(size):
            if r != column:
                factor = rows[r][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[column])]
    return [row[size] for row in rows]


def fit(inputs, targets):
    size = len(inputs[0])
    square = [[sum(x[i] * x[j] for x in inputs) for j in range(size)] for i in range(size)]
    moment = [sum(x[i] * y for x, y in zip(inputs, targets)) for i in range(size)]
    return solve(square, moment)


def main():
    inputs, targets = load(os.path.join("datasets", "iris.csv"))
    weights = fit(inputs, targets)
    residuals = [y - sum(w * v for w, v in zip(weights, x)) for x, y in zip(inputs, targets)]
    mean = sum(targets) / len(targets)
    explained = 1 - sum(r * r for r in residuals) / sum((y - mean) ** 2 for y in targets)

    model = {"rows": len(targets), "target": TARGET}
    model["coefficients"] = {
        name: f"{float(weight):.9f}" for name, weight in zip(["intercept"] + INPUTS, weights)
    }
    model["r_squared"] = f"{float(explained):.9f}"
    with open(os.path.join("results", "model.json"), "w") as file:
        json.dump(model, file, indent=2)
        file.write("\n")
    print(f"fitted {len(targets)} rows, r squared {model['r_squared']}")


if __name__ == "__main__":
    main()
