/* Findings about receipts, beside those about the evidence that they come with. The columns are
 * explained in finding.h. */
/* clang-format off */
FINDING(RECEIPT_FORM, "receipt.form", CRYPTO, ERROR,
        "the form of the receipt, and that it says what was signed",
        "give the answer of GET /v1/receipt as the agent sent it",
        "docs/receipt.md, The form")
FINDING(RECEIPT_SIGNATURE, "receipt.signature", CRYPTO, ERROR,
        "the signature of the receipt by the key in it",
        "give the receipt as the agent sent it; this one was changed",
        "docs/receipt.md, The form; RFC 9052, 4.4")
FINDING(RECEIPT_EVIDENCE, "receipt.evidence", CRYPTO, ERROR,
        "the evidence against its digest in the receipt",
        "give the evidence that the agent made for this receipt: 'receipt get --evidence FILE' keeps both",
        "docs/receipt.md, The evidence")
FINDING(RECEIPT_MANIFEST, "receipt.manifest", CRYPTO, ERROR,
        "the manifest of the receipt against the one that the machine shows",
        "distrust the machine: its agent signs for another computation than the one it measured",
        "docs/receipt.md, The evidence")
FINDING(RECEIPT_KEY, "receipt.key", CRYPTO, ERROR,
        "the key that signed the receipt among the keys of the computation",
        "take a receipt from the agent itself; nothing says that the process of the computation holds this key",
        "docs/receipt.md, The key")
FINDING(RECEIPT_RESULT, "receipt.result", POLICY, ERROR,
        "the {subject} of the given result against the receipt",
        "give the result as the agent sent it, or the receipt of the computation that made it",
        "docs/receipt.md, What it says")
/* clang-format on */
