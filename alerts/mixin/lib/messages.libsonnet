// What repeats in what alerts say. All of it is Go templates, which Prometheus fills in.
local accountLabels = ['job', 'namespace', 'provider', 'account'];

{
  local messages = self,

  // The labels by which balances of one account differ; an empty one selects what has none.
  balanceLabels:: ['currency', 'wallet'],

  // A text over several lines of the source as one line.
  line(text, values={}):: std.strReplace(std.stripChars(text, '\n'), '\n', ' ') % values,

  // What an alert measures, in a unit that a person reads.
  amount:: '{{ $value | printf "%.2f" }}',
  percentage:: '{{ $value | humanizePercentage }}',
  duration:: '{{ $value | %s }}' % messages.span,
  // A duration in its two greatest units.
  span:: 'humanizeDuration | reReplaceAll "^(-?[0-9]+d [0-9]+h|-?[0-9]+h [0-9]+m|-?[0-9]+m) .*$" "$1"',

  // What `expression` gives for the alert's own account, shown by a template, or `otherwise`. `%(own)s` in the
  // expression is replaced by matchers of the account's labels and of `labels`; `series` says how often it is there.
  query(expression, shown, labels=[], otherwise='not known', series=1)::
    local names = labels + accountLabels;
    local own = std.join(', ', ['%s=%%q' % name for name in names]);
    local values = std.join(' ', ['$labels.' + name for name in names]);
    '{{ with printf `%(asked)s` %(values)s | query }}%(shown)s{{ else }}%(otherwise)s{{ end }}' % {
      asked: expression % { own: own },
      values: std.join(' ', std.repeat([values], series)),
      shown: shown,
      otherwise: otherwise,
    },

  // The account's value of a recorded series.
  local figure(series, unit, labels, matcher) =
    messages.query(
      'last_over_time(%s{%s%%(own)s}[15m])' % [series, if matcher == '' then '' else matcher + ', '],
      '{{ . | first | value | %s }}' % unit,
      labels,
    ),
  amountOf(series, matcher=''):: figure(series, 'printf "%.2f"', messages.balanceLabels, matcher),
  percentageOf(series, matcher=''):: figure(series, 'humanizePercentage', [], matcher),
  durationOf(series, matcher=''):: figure(series, messages.span, [], matcher),

  // The apis that fail for one of these reasons, each with its reason.
  apis(reasons)::
    messages.query(
      'last_over_time(account:sms_api_failure:max{reason%s"%s", %%(own)s}[15m])' % [
        if std.length(reasons) == 1 then '=' else '=~',
        std.join('|', reasons),
      ],
      '{{ range $i, $one := . | sortByLabel "reason" | sortByLabel "api" }}'
      + '{{ if $i }}, {{ end }}{{ .Labels.api }}: {{ .Labels.reason }}{{ end }}',
    ),
}
