/* Findings about DICE chains. The columns are explained in finding.h. "OPD" is the Open Profile for
 * DICE. */
/* clang-format off */
FINDING(DICE_FORM, "dice.form", CRYPTO, ERROR,
        "the layout of the DICE chain",
        "give the chain as the device wrote it, from the device secret's key to the one in use",
        "Open Profile for DICE, Certificate Details; TCG DICE Attestation Architecture")
FINDING(DICE_ROOT, "dice.root", CRYPTO, ERROR,
        "somebody we trust who vouches for the key of the device secret",
        "bring evidence of the platform over that key within the chain, or give that key with --key once you know whose it is",
        "docs/attestation.md, DICE")
FINDING(DICE_SIGNATURE, "dice.signature", CRYPTO, ERROR,
        "the signature of certificate {subject} by the layer before",
        "give the chain in the order in which the layers started, unchanged",
        "Open Profile for DICE, Certificate Details")
FINDING(DICE_LINK, "dice.link", CRYPTO, ERROR,
        "certificate {subject} against the layer before: names, identifiers, the right to issue",
        "give the chain whole and in its order; identifiers follow from the keys",
        "Open Profile for DICE, Deriving Identifiers; RFC 5280, 6.1")
FINDING(DICE_TIME, "dice.time", CRYPTO, ERROR,
        "the validity of certificate {subject} at the given time",
        "judge at a time within it (--time), or have the device certified again",
        "RFC 5280, 4.1.2.5; RFC 8392, 3.1")
FINDING(DICE_LEAF, "dice.leaf", CRYPTO, ERROR,
        "the last key of the chain against the server's key in the transcript",
        "let the last layer hold the key with which the server is seen",
        "docs/attestation.md, DICE")
FINDING(DICE_MODE, "dice.mode", POLICY, ERROR,
        "the mode of layer {subject}",
        "start the device in its normal mode, with its protections configured",
        "Open Profile for DICE, Mode Value Details; TCG DICE, OperationalFlags")
FINDING(DICE_REQUIRED, "dice.required", POLICY, ERROR,
        "a DICE chain that holds, which the policy requires",
        "ask for evidence of type dice in the same bundle, whose transcript names the chain's last key; without dice.required no chain is needed",
        "docs/policy.md")
FINDING(DICE_COMPUTATION, "dice.computation", POLICY, ERROR,
        "the server's key against the layer of the computation with manifest_sha256",
        "connect when that computation is set, and ask for evidence of type dice in the same bundle; a process of the agent that waits has no key of a computation",
        "docs/attestation.md, DICE")
/* clang-format on */
