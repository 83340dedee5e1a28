"""The phrases about good values, cleaning, columns and budgets, one a line."""

from __future__ import annotations

from etl_agent.orchestrate.planner.language.phrase import Family

__all__ = ["FAMILIES"]

# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family("valid", """
        <subject> [:] :must [only] (be|look|contain|hold|have) :good
        <columns> look|looks :good
        [check|verify|ensure|assert|expect] [that] <columns> :is :good
        <columns> :good
        [only] :good <columns> [only]
        (validate|verify) <columns>
        check [that] <columns> [:is] [:good]
        :reject [:row|<sources>] [:that] :bad <columns>
        :reject [:row|<sources>] [:that] <columns> :is :bad|(not :good)
        no :bad <columns>
        :remove (:row|<sources>) [:that] :bad <columns>
        :remove (:row|<sources>) :that <columns> :is :bad
        (:row|<sources>) :that :bad <columns> :must|should|(are|be) [be] (rejected|quarantined|refused)
    """, says={"check": "good"}, before=":ensure [that]"),
    Family("valid", """
        <subject> [:] :must [always] (be | (look [like]) | contain | hold) [:good] <format>
        <columns> :is :good <format>
    """, says={"check": "format"}, before=":ensure [that]"),
    Family("valid", """
        <subject> [:] :must [only] (be | contain | hold | look like) [:good] <type> [:bound]
        <columns> :is [:good] <type> [:bound]
        <columns> as|a|an <type>
        <subject> [:] :must [only] (be | contain | hold) [a] (<zero>|<positive>) <type>
    """, says={"check": "type"}, before=":ensure [that]"),
    Family("valid", """
        <subject> [:] :mustnot be [left] :empty
        <columns> :mustnot [be] [left] :empty
        <subject> [:] :must (exist|(not be :empty)|(be (there | present | filled | set | given | populated | known |
            provided | non :empty) [in|out]))
        <subject> [:] :must be (required|mandatory|obligatory|compulsory)
        <columns> [:is] (required|mandatory|obligatory|compulsory|(not null)|(not :empty)|nonnull|(non :empty)|(always
            (there|present|set|filled)))
        (required|mandatory|compulsory) [:is|:col] [:] <columns>
        require <columns>
        (not null|empty) [:] <columns>
        or :that <columns> :is :empty
        or [:row|<sources>] (without|lacking|missing|(with no)|(with :empty)) <columns>
        ([every|each] [:row|<sources>] :must have) [a|an] <columns>
        <sources> need|needs <columns>
        :reject [:row|<sources>] (without|lacking|missing|(with no)|(that (lack|miss|(have no)))|([:that] :empty))
            [a|an|any]
            <columns>
        :reject [:row|<sources>] :that <columns> :is :empty
        no :empty <columns>
        :remove (:row|<sources>) :that <columns> :is :empty
        :remove (:row|<sources>) (without | lacking | missing | with no | with :empty | that :empty) [a|an|any]
            <columns>
        (:row|<sources>) :that :empty <columns> :must|is|are [be] (rejected|quarantined|refused)
        :empty <columns> :is (not allowed | not accepted | invalid | forbidden | rejected)
        (:row|<sources>) (without|lacking|missing) [a|an] <columns> :must|(are|be) [be] (rejected|quarantined|refused)
        no :row without <columns>
    """, says={"check": "required"}, before=":ensure [that]"),
    Family("valid", """
        <subject> [:] :must be unique|distinct
        <columns> :is unique|distinct
        <columns> unique
        unique <columns>
        no (duplicate|duplicated|repeated) <columns>
        no two :row (share|(have [the] same)|(with [the] same)) <columns>
        <columns> :mustnot [be] (repeat|repeated|duplicated|(occur|appear twice))
        <columns> [:must|may|can] [only|exactly] (occur|occurs|appear|appears|come|comes|exist|exists) [only|exactly]
            once
        <columns> only|exactly once
    """, says={"check": "unique"}, before=":ensure [that]"),
    Family("valid", """
        <subject> [:] :must [only] (be|hold|contain|come) :oneof [:] <several>
        <columns> :is :oneof [:] <several>
        <subject> [:] :must [be] :onlyof [:] <values>
        <columns> :is :onlyof [:] <values>
        <subject> [:] :must be in|from|among [the] [set|list] [of] [:] <several>
        <columns> in|among [the] [set|list] [:] <several>
        <columns> one of <several>
        <columns> : <several>
        <columns> (may|can) only be <values>
        <columns> (may|can) be :oneof <several>
        <columns> (accept|accepts|allow|allows|take|takes|permit|permits|contain|contains) (only | one of) <values>
        <columns> (may|can) be <several> only
        <columns> (may|can) be <several>
        only <values> :is (allowed|permitted|valid|accepted|ok) (in|for|as) <columns>
        (allowed|permitted|possible|accepted|valid) [values|value] (for|of|in) <columns> [:is] [:] <values>
        (allowed|permitted|possible|accepted|valid) <columns> [:is] [:] <several>
        <columns> :must be <several>
    """, says={"check": "one_of"}, before=":ensure [that]"),
    Family("valid", """
        <subject> [:] :must [be|stay|lie|remain|fall] :bound [(and|but|,) [:must] [be] :bound]
        <columns> [:is] [be|stay|lie|remain] :bound [(and|but) [:is] :bound]
        <columns> :must|should :bound
        <columns> :mustnot [be|go] :notbound [or :notbound]
        <subject> [:] :mustnot [be|go] :notbound
        <columns> [:is] :notbound :is (:bad|forbidden|(not allowed|accepted|ok|valid))
        no <zero_not> <columns>
        :remove (:row|<sources>) [:that] <zero_not> <columns>
        <zero_not> <columns> :is (not allowed | not accepted | invalid | forbidden | rejected)
        :reject [:row|<sources>] [:that] <zero_not> <columns>
        (:reject|:remove) [:row|<sources>] :that <columns> [:is] [of] :notbound
        <subject> :mustnot be <not_positive>
        no <not_positive> <columns>
        (minimum|min) <columns> [:colon] <low>
        (maximum|max) <columns> [:colon] <high>
        no <columns> :notbound
        <positive> <columns> [only]
        only <positive> <columns>
    """, says={"check": "bounds"}, before=":ensure [that]"),
    Family("valid", """
        and|but|,|+|& [:must] [always] [be] not [be] :empty
        and|but|,|+|& [:must] [be] required|mandatory
        and|but|,|+|& :must [be] present|there|filled|set|given|exist
        not :empty
    """, says={"check": "required", "again": "yes"}),
    Family("valid", """
        and|but|,|+|& [:must] [be] unique|distinct
    """, says={"check": "unique", "again": "yes"}),
    Family("valid", """
        and|but|,|+|& [:must] [be] :good
    """, says={"check": "good", "again": "yes"}),
    Family("valid", """
        [values] :notbound :is (:bad|forbidden|(not allowed|accepted|ok|valid))
        and|but|,|+|& [:must] [be] :bound
        and|but|,|+|& :mustnot [be|go] :notbound
    """, says={"check": "bounds", "again": "yes"}),
    Family("clean", """
        :cleanse [up] [<sources>] [:stuff] [up]
        :cleanse [up] <columns> [up]
        make <sources> clean
    """, says={"how": "everything"}),
    Family("clean", """
        :normalize [the] [format|formats|form|spelling] [of] <columns> [format|formats|columns]
        <columns> :must be :normalize
        make [the|all] <columns> [look|be] consistent|uniform|alike|(the same)
        <columns> [:must|:is] [be|come|written] in one|iso|(the same)|(a single) [8601|uniform|common] format|form
        :normalize <columns> (to|into|in) [the|an|one|a] [iso|same|uniform|common|single] [8601] format|form|iso
        <columns> :normalize (to|into|in) [the|an|one|a] [iso|same|uniform|common|single] [8601] format|form|iso
    """, says={"how": "kind"}),
    Family("clean", """
        trim|trimmed|trimming [<sources>] [whitespace|spaces|blanks|text|values|strings|cells] [(from|in|of|around|on)
            <columns>]
        trim <columns>
        (strip|remove) [leading] [and] [trailing] [extra|stray|surrounding] (whitespace|spaces|blanks)
            [(from|in|of|around) <columns>]
        <columns> :must be trimmed|stripped
        (fix|repair) [the] encoding|mojibake [errors]
    """, says={"how": "tidy"}),
    Family("clean", """
        :normalize [the|all] (dates|(date [and] [time] formats|format)|timestamps|(days and times))
        dates [:must|:is] [be|as|into|to] in|to|as (one|iso|(the same)|(a single)|(a uniform)) [8601] [form|format]
        one|uniform|consistent date format
        make [the|all] dates|(date formats) [look|be] consistent|uniform|alike|(the same)
        iso dates|date
    """, says={"how": "dates"}),
    Family("clean", """
        :normalize [the|all] (numbers|(number formats|format)|amounts|money|currencies|prices)
        (remove|strip|drop) [the] (currency|thousands|thousand) (signs|symbols|separators|marks|sign|symbol)
            [(from|in|of) <columns>]
    """, says={"how": "numbers"}),
    Family("clean", """
        <missing> (means | mean | stand for | stands for | count as | counts as | is | are | = | should be | must be |
            becomes | become) (:empty|null|none|(no value)|nothing|unknown)
        (treat|read|take|consider|interpret|handle|see) <missing> as (:empty|null|nulls|none|(no value)|nothing)
        (unify|normalize|normalise|standardize|standardise) (nulls|missing|(null|missing values)|blanks|(missing value
            markers))
        turn <missing> into :empty
    """, says={"how": "nulls"}),
    Family("clean", """
        (fix|correct|repair|mend|resolve) [the|any|all] :typos [(in|of|for) <columns>]
        (unify|merge|harmonize|harmonise|normalize|normalise|standardize|standardise) [the]
            (spelling|spellings|variants|(spelling variants)) [(in|of) <columns>]
        correct <columns>
        (fix|correct|repair) misspelled|misspelt <columns>
    """, says={"how": "spelling"}),
    Family("clean", """
        (lowercase|uppercase|lower|upper|(lower case)|(upper case)|capitalize|capitalise|(title case)) <columns>
        (unify|fix|normalize|normalise|standardize|standardise) [the] (case|capitalization|capitalisation|casing)
            [(in|of) <columns>]
        <columns> in (lowercase|uppercase|(lower|upper|one|(the same) case))
        <columns> :must be [in|all] lowercase|uppercase|(lower|upper case)
    """, says={"how": "case"}),
    Family("clean", """
        and|but|,|+|& [:must] [be] [all] in [all] (lowercase|uppercase|(lower|upper|one case))
        and|but|,|+|& [:must] [be] all (lowercase|uppercase|(lower|upper case))
    """, says={"how": "case", "again": "yes"}),
    Family("clean", """
        :normalize [the|all] (contacts|(contact details|data)|phones|(phone|telephone numbers)|emails|(e mails)|(e
            mail | email addresses))
    """, says={"how": "contacts"}),
    Family("drop", """
        :omit [the] <subject> :col
        (:omit|:remove) [the] :col [named|called] <subject>
        :remove [the] <subject> :col
        (:omit|:remove) <columns>
        leave|leaves|leaving <columns> out|off|away
        <columns> ((is|are|must|should not) | mustn't | shouldn't) [to] [be] loaded|imported|included|kept
    """),
    Family("drop", """
        and|nor|or not <columns>
    """, says={"again": "yes"}),
    Family("drop", """
        <columns> (is not | are not | isn't | aren't | not) needed|wanted|interesting
    """),
    Family("secret", """
        <subject> [:col] :must be [kept | treated as | handled as | regarded as] :sensitive
        <columns> [:col] [:is|contain|contains|hold|holds] [kept | treated as] :sensitive
        (treat|mark|handle|regard|consider|flag) <subject> [:col] as|is :sensitive
        (hide|protect|conceal|mask|redact|shield) [the] <columns>
        keep [the] <columns> :sensitive|hidden|safe
        :sensitive [:col] [:is] [:] <columns>
        (never|(do not)|don't) (show|log|print|display|reveal|expose|leak) <columns>
    """),
    Family("budget", """
        [allow|tolerate|accept|permit] [:high|:below|only|max|maximum|limit] :percent [:is | may be | can be]
            [:bad|rejects|errors|rejections] [:row] [(may|can|could) (fail | be [:bad])] [:is]
            [:bad|allowed|tolerated|accepted|ok|fine]
        (reject|error|rejection) (budget|limit|rate|share|threshold) [:colon | at most | below | under | up to]
            :percent
        (fail|stop|abort|refuse|(reject everything)) (if|when|once) [there are] (:over|:low) :percent [:is | turn out]
            [:bad] [:row] [:is] [:bad]
        (if|when|once) [there are] (:over|:low) :percent [:is | turn out] [:bad] [:row] [:is] [:bad] [,|then]
            fail|stop|abort|refuse
        :high|:below :percent [:bad] (rejects|:row|errors)
        <percent> (bad|rejected|invalid) :row [:is] (ok|fine|allowed|acceptable|tolerable|max|maximum)
        <percent> of [the] :row (may|can) be :bad
        (may|can) (reject|quarantine) [:high] :percent
    """),
    Family("budget", """
        zero tolerance [for|of|on] [:bad|rejects|rejections|errors] [:row]
        (no | zero | not a single | not one) (:bad [:row] | rejects|rejections|errors|reject) [allowed | tolerated |
            accepted | ok | at all]
        (tolerate|accept|allow) (no|zero) (:bad [:row] | rejects|rejections|errors)
        (do not | don't | never) (tolerate|accept|allow) [any | a single | one] (:bad [:row] | rejects|errors)
        every :row :must be good|valid|ok
        (nothing | no :row) (may|can|must|should|shall|is) [to] [be] (rejected|quarantined|refused)
        (fail|stop|abort) (on|at|with) [the|any|first] (:bad :row | error | reject)
    """, says={"zero": "yes"}),
)
