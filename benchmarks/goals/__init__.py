"""Goals in words with the facts that a plan for them must have, and faulty plans that replanning should mend."""
