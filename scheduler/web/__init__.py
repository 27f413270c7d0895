"""What people see in a browser: one set of views, in a file that can be sent and on a page that goes on.

`documents/` makes the values that the views draw, `static/` has the views, `bundle` and `page` make one document of HTML of
them.
"""
