"""Parts that phrases share, by name."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PARTS"]

# fmt: off
PARTS: Mapping[str, str] = {
    "must": """
        must | should | shall | has to | have to | needs to | need to | ought to | got to | want to | is to |
        are to | must to
    """,
    "mustnot": """
        :must not | :must never | may not | can not | may never | can never | cannot | can't | cant | mustn't
        | mustnt | shouldn't | shouldnt | is never | are never | is not | are not | isn't | aren't | is not
        allowed to | are not allowed to | never | not
    """,
    "is": "is | are | be | :",
    "row": """
        row | rows | record | records | line | lines | entry | entries | ones | those | anything | everything
        | version | versions
    """,
    "that": "(with [an|a|any]) | having | whose | where | in which | that have | if | when | for",
    "reject": """
        reject | rejects | rejecting | quarantine | refuse | flag | throw out | sort out | filter out | set
        aside | block
    """,
    "empty": "empty | null | blank | missing | nil | nulls | blanks | without [a] value | absent",
    "bad": """
        bad | invalid | broken | malformed | wrong | faulty | incorrect | rejected | dirty | garbage | corrupt
        | failing | quarantined
    """,
    "good": """
        valid | correct | proper | wellformed | well formed | parseable | parsable | legit | properly
        formatted | validated | right | real | genuine | plausible
    """,
    "dedupe": """
        dedupe | dedup | deduped | dedupes | deduplicate | deduplicated | deduplicates | deduplicating |
        deduping | de dupe | de dup | de duplicate | de duplicated | uniquify
    """,
    "dupes": """
        duplicates [:row] | (duplicate | duplicated | repeated | repeating | double | identical :row) | dupes
        | dups | doubles | duplication | repeats
    """,
    "remove": """
        drop | drops | dropping | dropped | remove | removes | removing | delete | eliminate | discard | get
        rid of | purge | kill | throw away | weed out | filter out | skip | ignore | strip | collapse
    """,
    "newest": """
        newest | latest | most recent |
        (most recently|lately modified|changed|edited|created|added) | freshest
        | most up to date | most recently updated | last updated |
        youngest
    """,
    "wins": """
        wins | win | winning | counts | (is|be kept) | kept | survives | survive | stays | remains | (is|be used) |
        prevails | takes
        precedence | decides | :must win|survive|stay|remain
    """,
    "judged": """
        by | according to | based on | judged by | going by | using | on |
        ((determined|decided|measured) by) | from
    """,
    "per": "per | for each | for every | for one | by | of each | of every | in each",
    "keyword": """
        key | keys | pk | (primary key|keys) | business key | natural key | merge key | unique key | unique id
        | unique identifier | (key column|columns) | (primary key column|columns) | identifier
    """,
    "colon": """
        : | = | is | are | on | of | consists of | made of | made up of | will be | should be | shall be |
        must be | be
    """,
    "normalize": """
        normalize | normalise | normalizes | normalized | normalised | normalizing | normalising | standardize
        | standardise | standardized | standardised | standardizing | standardising | unify | unified |
        harmonize | harmonise | harmonised | harmonized | reformat | convert | parse | canonicalize |
        canonicalise | homogenize | fix | repair | bring into one form
    """,
    "cleanse": """
        clean | cleaned | cleans | cleaning | cleanse | cleansed | tidy | tidied | scrub | scrubbed | sanitize
        | sanitise | clean up | cleaned up | tidy up | tidied up | declutter
    """,
    "typos": """
        typos | typo | misspellings | misspelling | (spelling [mistakes|errors|variants|slips]) | misspelt |
        misspelled words
    """,
    "sensitive": """
        sensitive | confidential | personal | private | secret | pii |
        ((personal|sensitive|private|confidential) data) | ((personal|sensitive) information) | personally
        identifiable
    """,
    "omit": """
        omit | leave out | leaves out | leave off | left out | exclude | excluding | except | except for |
        leaving out | skip | ignore | without | do not load | don't load | never load | never import | do not import |
        don't import |
        other than | apart from | omitting | minus | ignoring | skipping | but not | not load | do not need |
        don't need | do not take | don't take | everything|all but [not]
    """,
    "old": "existing | old | older | previous | current | present | whole | entire | full | complete | everything",
    "stuff": """
        table | tables | data | content | contents | row | rows | records | everything | one | ones | entries
        | versions | target
    """,
    "whole": "fully | completely | entirely | altogether",
    "there": """
        (existing [:row|keys|ids|data]) | ((row|rows|records|keys|ids|ones) that [already] exist|(are there))
        | what is [already] there | ((already|known) [known|existing|there] [keys|:row]) | existing
    """,
    "new": "new [:row|ids|keys]",
    "scd": """
        scd2 | (scd [type] [2|two|ii]) | (slowly changing [dimension|dimensions] [type] [2|two|ii]) | (type
        2|two|ii)
    """,
    "low": """
        at least | no less than | no lower than | not less than | not lower than | not below | not under | not
        smaller than | greater than or equal to | more than or equal to | >= | => | ≥ | min | minimum | a
        minimum of | greater or equal to | no earlier than | not earlier than | not before | starting from |
        starting at
    """,
    "high": """
        at most | no more than | not more than | no greater than | no higher than | not above | not over | not
        greater than | not higher than | up to | max | maximum | a maximum of | less than or equal to | <= | ≤
        | less or equal to | no later than | not later than | not after | not exceed | not exceeding
    """,
    "over": """
        more than | greater than | higher than | larger than | bigger than | above | over | exceed | exceeding
        | > | after | later than | newer than
    """,
    "below": """
        less than | lower than | smaller than | fewer than | below | under | < | before | earlier than | older
        than
    """,
    "between": """
        between <low> and|to <high> | from <low> to|through|until|till <high> | <low> to|-|through|– <high>
        | (in|within) [a|the] range [of|from] [between] <low> to|and|-|– <high> | (in|within) <low> and|to|-|– <high>
    """,
    "bound": """
        :between | :low <low> | :high <high> | :over <above> | :below <under> | <zero> | <positive>
        | <low> or|and more|greater|higher|above|up|over|larger|later|newer
        | <high> or less|fewer|lower|below|smaller|earlier|under
    """,
    "notbound": "<zero_not> | :over <high> | :below <low>",
    "oneof": """
        one of | either | any of | among | a value of | one of the following | only one of
    """,
    "onlyof": "limited to | restricted to | only | exclusively",
    "upsert": """
        merge | merged | merges | merging | upsert | upserted | upserts | upserting | sync | synced | synchronize
        | synchronise
    """,
    "onkeys": """
        (on | by | using | per | via | over | keyed by|on | with key | based on | matched on|by | matching on|by) <keys>
        | (with | for) <weak_keys> | <bracketed>
    """,
    "period": """
        minute | hour | day | night | morning | noon | afternoon | evening | week | weekend | month | quarter | year
        | monday | tuesday | wednesday | thursday | friday | saturday | sunday
    """,
    "often": """
        hourly | daily | nightly | weekly | biweekly | monthly | quarterly | yearly | annual | annually | regular |
        regularly | periodic | periodically
    """,
    "fresh": """
        :often | new | newest | latest | today | most recent | fresh | attached | current | updated | given |
        following | available | provided | enclosed | incoming
    """,
    "delivery": """
        file | files | export | exports | extract | extracts | dump | dumps | feed | feeds | delivery | deliveries |
        upload | uploads | csv | csvs | batch | data
    """,
    "col": "column | columns | col | cols | field | fields",
    "ensure": "check | ensure | verify | assert | expect | confirm | make sure",
    "percent": "<percent> [of [the] (:row|<sources>)]",
}
