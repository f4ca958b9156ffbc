"""Paragraphs as reports have them, about children in general: nobody is to be asked to look at these."""

ORDINARY = (
    """The Designated Nurse, Jane Smith (01452 426565, jane.smith@nhs.example), reports to the Board each quarter.
    In 2025-26 we trained 1,243 of 1,310 staff (95%); 412 at level 3. The policy was approved on 12/03/2026 and is due
    for review on 12/03/2027. Company number 01234567, charity number 1123456, VAT GB 123 4567 89.""",
    """We acted on the review of Child D and of Baby E: recommendations 1.1 to 1.4 are done, 2.1 by 30 June 2026.
    Children aged 5 to 11 told us that they want to be heard. Name of policy: Safer Recruitment. Lead: Jane Smith.""",
    """Audit of 40 case files, sampled 1 April 2025 to 31 March 2026. Each form asks for the child's name, date of
    birth and NHS number. In 38 of 40 the NHS number was there. Contact 0300 123 1020. Purchase order 4500123456.""",
    "Standard,Rating,Evidence,Date\n1.1,Green,Board paper 12,01/02/2026\n1.2,Amber,Training log,03/04/2026",
    """Case study: a young person (16) with a learning disability moved to a foster placement. Young Person's Advocate
    (Barnardo's) attended. Child in Need plans: 120. Child Protection Conference reports on time: 88%.""",
    "See https://www.nhs.uk/x/9434765919 and doi:10.1136/4010232137. Version 2.0, ref S11-2026-0042, HCPC PH123456.",
)
