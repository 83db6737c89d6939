// What repeats in what alerts say. All of it is Go templates, which Prometheus fills in.
{
  local messages = self,

  // A text over several lines of the source as one line.
  line(text, values={}):: std.strReplace(std.stripChars(text, '\n'), '\n', ' ') % values,

  // What an alert measures, in a unit that a person reads.
  amount:: '{{ $value | printf "%.2f" }}',
  percentage:: '{{ $value | humanizePercentage }}',
  duration:: '{{ $value | %s }}' % messages.span,
  // A duration in its two greatest units.
  span:: 'humanizeDuration | reReplaceAll "^(-?[0-9]+d [0-9]+h|-?[0-9]+h [0-9]+m|-?[0-9]+m) .*$" "$1"',

  // Which pot of credit it is, where an account has several.
  pot:: '{{ with $labels.wallet }} in its pot {{ . }}{{ end }}',
  potOf:: '{{ with $labels.wallet }}, pot {{ . }},{{ end }}',

  // What `expression` gives for the series that the alert is about, shown by a template, or `otherwise`. `%(own)s` in
  // the expression is replaced by matchers of all its labels, whatever keeps environments apart among them; a namespace
  // that isn't there is none.
  query(expression, shown, otherwise='not known'):: (
    '{{ $own := printf "namespace=%%q," $labels.namespace }}{{ range $name, $label := $labels }}'
    + '{{ if ne $name "__name__" }}{{ $own = printf "%%s%%s=%%q," $own $name $label }}{{ end }}{{ end }}'
    + '{{ with printf `%(asked)s`%(times)s | query }}%(shown)s{{ else }}%(otherwise)s{{ end }}'
  ) % {
    asked: expression % { own: '%s' },
    times: std.repeat(' $own', std.length(std.findSubstr('%(own)s', expression))),
    shown: shown,
    otherwise: otherwise,
  },

  // A figure of the account, in its unit.
  local figure(series, unit, matcher) =
    messages.query('%s{%%(own)s%s}' % [series, matcher], '{{ . | first | value | %s }}' % unit),
  amountOf(series, matcher=''):: figure(series, 'printf "%.2f"', matcher),
  percentageOf(series, matcher=''):: figure(series, 'humanizePercentage', matcher),
  durationOf(series, matcher=''):: figure(series, messages.span, matcher),

  // The apis that fail for one of these reasons, each with its reason.
  apis(reasons)::
    messages.query(
      'account:sms_api_failure:max{%%(own)sreason%s"%s"}' % [
        if std.length(reasons) == 1 then '=' else '=~',
        std.join('|', reasons),
      ],
      '{{ range $i, $one := . | sortByLabel "reason" | sortByLabel "api" }}'
      + '{{ if $i }}, {{ end }}{{ .Labels.api }}: {{ .Labels.reason }}{{ end }}',
    ),
}
