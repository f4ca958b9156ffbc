"""Letters and post: templates to text and HTML, values to mail bytes, mail bytes to a folder or a mail server.

A small library of its own. It knows nothing of the project that uses it: values go in, values or bytes come out, and
only ``folder``, ``smtp``, ``mailbox``, ``token_command`` and ``signing``, which reads a key, touch the outside world.

- ``address``: what counts as one plain mail address.
- ``render``: Markdown templates with placeholders, to a subject line, a text part and an HTML part.
- ``plain_text``: the text part of parsed Markdown.
- ``message``: one mail as a value, composed to the same bytes every time.
- ``mailer``: the mailer that a setting describes, and when to try again; ``folder`` and ``smtp`` are the two there are,
  ``outcome`` is what they say about each mail, ``signing`` puts a signature on what leaves (DKIM).
- ``mailbox``: where mail comes in; ``server_address`` reads the addresses for both, ``token_command`` gets the tokens
  that both log in by.
- ``policy``: who may be written to in a demonstration, a trial and in earnest.

The package is called ``notifications``, as is one of django-notifications-hq: install it in an environment of its own.
"""
