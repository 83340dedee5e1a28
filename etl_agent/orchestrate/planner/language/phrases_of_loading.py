"""The phrases about datasets, their order, tables, ways of loading, keys and duplicates, one a line."""

from __future__ import annotations

from etl_agent.orchestrate.planner.language.phrase import Family

__all__ = ["FAMILIES"]

# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family("take", """
        [only] [load|import|ingest|insert|pull|fetch|copy|transfer|upload|store|stage|write|process] [only|:fresh]
            <sources> [:delivery]
        (for|of|in|from|with) [:fresh] <sources> [:delivery]
        [load|import|ingest|insert|pull|fetch|copy|transfer|upload|store|stage|write|process] [:fresh] :delivery
            (of|for|with) <sources>
    """, tail=False),
    Family("aside", """
        (every|each) [single] [other] :period [and :period]
        [on|at|with|for|upon] (every|each) (time|run|load|execution)
        :often
        (once|twice) (a|per) :period
        (per|at|in the|on) night|morning|evening|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays
        [load|import|ingest|insert] all|the|both|these [two|three|four|five|six|seven|eight|nine|ten|eleven|twelve]
            files|datasets|tables|csvs
        [load|import|ingest|take|keep] [all] [the] rest|others|remaining [ones|files|tables]
        (anything|everything|all) else [:must|is|are] [be|get] rejected|quarantined|refused
        (reject|quarantine|refuse) (anything|everything|all) else
        from [the] [:fresh] :delivery
        the :fresh :delivery
    """, tail=False),
    Family("leave", """
        :omit <sources>
        (do not|don't|dont|never) (touch|load|import|ingest|take|use|read|include|process) <sources>
        (not|never|without) (touching|loading|importing|reading|using|including) <sources>
        leave|keep <sources> (alone|untouched|unloaded|out|aside|(as it|they is|are))
        <sources> :mustnot [be] (loaded|imported|ingested|touched|read|included|taken|processed)
        <sources> [:must] (stay|stays|remain|remains|(be [left])|is|are|left) (untouched|alone|out)
        (hands off) <sources>
        (stay|keep) away from <sources>
    """, tail=False),
    Family("then", """
        [and] then|afterwards|next|finally|second|secondly|third|thirdly|fourth
        after that|this|which
        (once|when|after) (that|this|it) is done|finished|complete|completed|loaded|in|over|through|ready
    """, tail=False),
    Family("order", """
        [load|import] <sources> [:is] [loaded|imported|load] before <later>
        before <later> [,] [load|import] <sources>
        after|once|when <sources> [:is|has|have|been] [loaded|in|done|there|finished|complete] , [and] [then]
            [load|import|append|add] <later>
        after|once|when <sources> [:is|has|have|been] [loaded|in|done|there|finished|complete] then|load|import
            <later>
        [load|import] <later> [only] [:is|come|comes|go|goes] [loaded] after|once|when <sources> [:is|has|have|been]
            [loaded|in|done|there|finished|complete]
        <later> [:must] (need | needs | depend on | depends on | require | requires | wait for | waits for | follow |
            follows) <sources> [first]
        <sources> precede|precedes <later>
    """, tail=False),
    Family("order", """
        after <sources>
    """, says={"again": "yes"}, tail=False),
    Family("first", """
        <sources> [:is] [loaded|go|goes|come|comes] first
        first [load|import|come|comes] <sources>
        (start|begin|starting|beginning) with <sources>
    """, tail=False),
    Family("last", """
        <sources> [:is] [loaded|go|goes|come|comes] (last | at the end)
        (end|finish|lastly) [with] <sources>
        last [load|import|come] <sources>
    """, tail=False),
    Family("chain", """
        in this|that|the|following [following] order [:|-|of] [as follows] [:] <sources>
        order [of loading] :|is <sources>
        load order :|is <sources>
        <sources> [,] in [this|that|exactly] [this|that] order
    """, tail=False),
    Family("sql", """
        [run|execute|apply|call|check|verify|test|start|use|invoke] [the] [sql|script|check|query|transform|step|file]
            <sql> [check|script|query|transform|sql|step|file] [:must] [pass|passes|hold|holds|succeed|succeeds]
        (run|execute|invoke|call) <sql_named>
        (followed by) <sql>
    """),
    Family("into", """
        (in|into|to|as) [a] [target] table [named|called] <table>
        into <table> [table]
        (insert|load|write|merge|upsert) into <table> from <sources>
        [target|destination] table [name] (named|called|:|=) <table>
        (target|destination table [is])|(table name [is]) <table>
        (to|in|as) the <table> table
        (call|name) [the|it] [table] <table>
        <sources> (into | to | as | in | -> | => | → | >) [table] <table> [table]
        <sources> (into | -> | => | →) [table] <named> [table]
        <sources> (to|in|as) table <named>
        into table <named>
        <sources> (go|goes|belong|belongs|come|comes) (to|into|(in to)) [table] <named> [table]
        (send|write|move|put) <sources> (to|into) [table] <named> [table]
    """),
    Family("nothing", """
        replace|swap|change <junk> with|by|to <junk>
        (replace|replaces|replacing|overwrite|overwriting|append|appending|delete|deleting|drop|dropping|update|updating|change|
            changing|touch|touching) (nothing|none|nobody)
        a|an|any|if|no <sources> (without|lacking|missing) <columns>
    """, tail=False),
    Family("nothing", """
        (delete|drop|erase|purge|destroy) [table] <sources> [table|file]
    """, says={"leaves": "yes"}, tail=False),
    Family("mode", """
        append|appends|appended|appending [only] [to|the] [:new|:old] [:stuff] [<sources>]
        add [the] [:new|:row|batch] to|into|onto [the] [:old] [:stuff|what] [is] [there]
        add [the] [new] [:row|<sources>] [to the end]
        append|add [the] [:new] [<sources>] [to] what we [already] have
        in append mode
        [write|load] mode|write_disposition [:|=|is] append
    """, says={"mode": "append"}),
    Family("mode", """
        [:whole] (replace|replaces|replaced|replacing|overwrite|overwrites|overwritten|overwriting
            | recreate|truncate|wipe|refreshed|refreshes|reloaded)
            [:whole] [<sources>] [:old] [:stuff] [:old] [:whole]
        (refresh|reload) [:whole] (<sources>|:old|:stuff) [:stuff] [:whole]
        (replace|overwrite|refresh|swap) [the] [:old|:whole] [table|tables|:stuff of] <sources>
            [table|tables|:stuff] [:whole]
            (with|by|from|using|for) [this|that|these|those|the]
            [content|contents of] [:fresh] [:delivery|one|ones|version|content]
            [<later>]
        (replace|overwrite) [table] <target> [table] (with|by|from|using) [:fresh] <sources> [:delivery]
        (replace|overwrite) table <target> (with|by|from|using) [:fresh] :delivery
        truncate|wipe|clear and|& load|reload|import [<sources>]
        (truncate|wipe|clear|empty) [target] [table|tables|target] (first |
            ([,] before|and|then|& [then] load|loading|reload|reloading|import|importing [<sources>]))
        [write|load] mode|write_disposition [:|=|is] replace|overwrite
        full [re] reload|refresh|load|replace|replacement|overwrite|snapshot|rebuild [of] [<sources>]
        (drop|truncate|wipe|empty|clear) [table] <sources> [table] (and|then|before) [then]
            (reload|recreate|rebuild|load|reloading|loading) [<later>] [again|anew|afresh]
        complete reload|refresh|snapshot|overwrite
        [full|daily|complete] snapshot|snapshots [load]
        [(rebuild|recreate|reload|refresh|load|start|begin) [over] [:whole] [<sources>] [:stuff]] from scratch
        (replace|overwrite|wipe|truncate) (what|whatever|all|everything) [that] [is|was] [already]
            [there|((in|inside) [the] table|target|database)]
        start fresh
        in replace|overwrite mode
        drop and recreate|reload [<sources>]
        swap [out] [the] :old :stuff
    """, says={"mode": "replace"}),
    Family("mode", """
        :upsert [<sources>] [:old] [:stuff]
        :upsert <weak_keys>
        if [it|they|:row|<sources>] [already] exist|exists [already] [then] update [it|them] [,]
            (otherwise | else | if not) [then] insert|add|append [it|them]
        update [it|them|:row|<sources>] if [it|they] [already] exist|exists [already] [,] [and] [otherwise|else]
            insert|add|append [it|them] [otherwise | else | if not]
        update <sources> that [already] exist [already] [,|and] [insert|add|append|load] [:new | the rest | others]
        update <sources> that|which|who [have] changed [and|,] insert|add|append|load :new [<sources>]
        update (what|whatever|whoever|who|which) [has|have] changed [and|,] insert|add|append|load
            (what|whatever|whoever|who|which) [is|are] new
        (update|overwrite|refresh|change) :there [<sources>] [and|,|but|then] [insert|add|append|load] [:new | the
            rest | others] [<sources>]
        (insert|add) :new [and|,|but] (update|overwrite|refresh) [:there|changed|(the [others|rest|old])] [:row]
            [<sources>]
        (insert|add) or update
        update or insert|add
        (update|updates|updating) <sources> [in place]
        <sources> :must be updated [in place] [:onkeys] [(;|,|and) [and] (insert|add|append|load)
            (what|whatever|those|ones|:row) [that|which] [is|are] new]
        update changed :row|<sources> [and|,] [insert|add|load] [:new] [<sources>]
        update [only] (what [has|have] changed | changed :row | changes)
        in merge mode
        [write|load] mode|write_disposition [:|=|is] merge|upsert
        match|matched|matching (on | by | based on) <keys>
    """, says={"mode": "merge"}),
    Family("mode", """
        (never|(do not)|don't|dont|(without [ever])) (update|overwrite|touch|change|replace|modify|alter|updating|
            overwriting|touching|changing) (what is|was [already] there|(what [already] exists))
    """, says={"mode": "merge", "strategy": "insert-only", "unkeyed": "append"}),
    Family("mode", """
        (insert|add|load|append|take|import) only :new [<sources>]
        only (insert|add|load|append|take|import) :new [<sources>]
        insert only
        only new :row|ids|keys|ones
        (ignore|skip|keep|preserve) [all] :there [<sources>]
        leave :there [alone|untouched|unchanged|as|(as they are)]
        [only] insert|add|load|append [only] :row|<sources> that|which (do not|don't | are not | is not) [yet|already]
            [exist|there|known|present|loaded] [yet|already]
        insert if [it|they] (not exists | (is | are | do) not [there|exist|exists])
        (insert|add|load|append) [only] [:new] [:row|<sources>] unless [it|they|:row] [already] [is|are]
            exist|exists|there|known|present|loaded [already]
        (skip|ignore|keep) (:row|<sources>) that|which [already|are|is] [already]
            (exist|there|known|present|loaded|(in [the] table|target|database))
        (insert|add|load|append|import) :new [<sources>] only
        (:there|(existing <sources>)) :mustnot [be] changed|updated|overwritten|touched|modified|altered
        (existing|known) (:row|<sources>) [:must] stay|stays|remain|remains|be [as|untouched|unchanged] [they|it] [are]
        (never|(do not)|don't|dont|(without ever)) (update|overwrite|touch|change|replace|modify|alter) :there
            [<sources>]
        without (updating|overwriting|touching|changing) :there
    """, says={"mode": "merge", "strategy": "insert-only"}),
    Family("mode", """
        delete and|then|-|+|&|/ insert
        delete insert
    """, says={"mode": "merge", "strategy": "delete-insert"}),
    Family("mode", """
        (keep|keeps|keeping|track|tracking|preserve|record|retain|maintain|store|with|want) [the|full|a|complete]
            (history [of changes|<sources>] | (changes [of|in|to|on <sources>]) | (old|older|previous|all|past) :row)
            [over time] [:scd]
        keep track of [the|all|any] (history | changes | versions) [of|in|to|on <sources>] [over time] [:scd]
        historize|historise|historized|historised|versioned
        :scd
        (as|with|using) [an] :scd [dimension|dimensions|table|tables] [<sources>]
        history [:is] (kept|tracked|preserved)
        full history
        keep [the|full|a|complete] history of <sources>
    """, says={"mode": "merge", "strategy": "scd2"}),
    Family("key", """
        (keyed|key|identified|identifiable|unique|(uniquely identified)) by|on|per|over|upon <keys>
        [the] :keyword [(for|of) <sources>] [:colon] <keys>
        (one|single|1) :row :per <keys>
        [exactly|only] one per <keys>
        and|, [one] [:row] per <weak_keys>
        <keys> :is [the|a|an|our|their|its] id|ids
        <keys> [:is|=] [the|a|as|its|their|form] :keyword
        (using|use|with|take|treat|set|define|make) <keys> as :keyword
        (with|use|using|on) [the] :keyword <keys>
        <keys> [uniquely] (identifies|identify) [a|each|every|the] [:row|<sources>]
        (tell|tells) [:row|<sources>] apart by <keys>
        at most one :row :per <keys>
        (keep|have|want|exactly) [exactly|only] (one|single|1) :row :per <keys>
    """),
    Family("key", """
        and|, <named_keys> (for|of) <sources>
        on|using|via|(based on) <named_keys>
    """, says={"again": "yes"}, tail=False),
    Family("key", """
        <sources> by <weak_keys>
        by <weak_keys>
        (for|of) <sources> [:is|:] <weak_keys>
    """, tail=False),
    Family("newest", """
        [keep|keeping|let|take|use] [only] :newest [one|:row|update|change|value|values|data] [:wins] [[,] :judged
            <newest>]
            [:per <keys>] [[,] :judged <newest>] [:wins]
        [keep|let|take|use] [only] [the] :newest (:row|one) of <sources> [:must] [:wins] [[,] :judged <newest>] [:wins]
        [keep|take|use] [only] [the] one with [the] (:newest|highest|greatest|largest|later|higher) <newest>
        [the] last <likely> :wins
        :newest <noun> :wins :judged <newest>
        [keep|let] [only] last [one|:row|update|write|change] :wins [:judged <newest>]
        keep [only] last :row [:judged <newest>] [:per <keys>]
        :newest by <newest> :wins
        :newest <likely> :wins
        (highest|largest|greatest|max|maximum|higher|later) <newest> :wins
        newer [:row]
            (win|wins|replace|replaces|override|overrides|overwrite|overwrites|beat|beats|supersede|supersedes|(win
            over)|(wins over)) [:old] [:row] [:judged <newest>]
        <newest> (decides|(says which) :row [:is] [:newest] [:wins])
        :newest [<sources>] :per <keys> [:judged <newest>] [:wins]
        (keep|take|use) [only] [the] :newest <sources> [:judged <newest>] [:per <keys>]
    """),
    Family("dedupe", """
        :dedupe [<sources>|:row] [(on | by | per | over | using | based on | with respect to | across | in) <columns>]
        :remove [all|any] [exact|full|complete|fully] :dupes [(on | by | per | over | of | in | using | based on)
            <columns>]
        (no|without|zero|avoid) [exact|any|full] :dupes [(on|by|in|of) <columns>]
        (don't|dont|do not) (want|allow|accept|tolerate|need|like) [exact|any|full] :dupes [(on|by|in|of) <columns>]
        :dupes [:must|:is] [be|get] (removed|dropped|deleted|eliminated|discarded|out|collapsed|gone|go)
        (free|rid) of :dupes
        :remove [exact] duplicate|duplicated|repeated <sources> [(on | by | per | based on | using) <columns>]
        (unique|distinct) :row [only]
        only (unique|distinct) :row
        :remove :row that are equal|identical
    """),
)
