// Credit: what is left, how long it lasts, and what it goes for.
{
  local group = import '../lib/alerts.libsonnet',
  local messages = import '../lib/messages.libsonnet',
  local severities = $._config.severities,

  local lasts = messages.query(
    'last_over_time(account:sms_credit_runway:seconds{%(own)s}[15m])',
    'At its present pace that lasts {{ . | first | value | %s }}.' % messages.span,
    messages.balanceLabels,
    otherwise='How long that lasts is not known.',
  ),

  // A balance below the threshold of one severity.
  local low(name, severity, state, after) = {
    alert: name,
    expr: |||
      last_over_time(account:sms_credit_balance:min[15m])
        < ignoring (severity)
      last_over_time(account:sms_credit_balance_threshold:max{severity="%s"}[15m])
    ||| % severity,
    'for': after,
    labels: { severity: severities[severity] },
    annotations: {
      summary: 'The credit of {{ $labels.account }} at {{ $labels.provider }} is %s.' % state,
      description: messages.line(|||
        {{ $labels.account }} has %(amount)s {{ $labels.currency }} left; its %(severity)s threshold is %(threshold)s
        {{ $labels.currency }}. %(lasts)s At zero no message is sent any more.
      |||, {
        amount: messages.amount,
        severity: severity,
        threshold: messages.amountOf('account:sms_credit_balance_threshold:max', 'severity="%s"' % severity),
        lasts: lasts,
      }),
    },
  },

  // A runway below the threshold of one severity.
  local runway(name, severity, soon) = {
    alert: name,
    expr: |||
      (
          last_over_time(account:sms_credit_runway:seconds[15m])
        < ignoring (currency, wallet) group_left ()
          max without (severity) (
            last_over_time(account:sms_credit_runway_threshold_seconds:max{severity="%s"}[15m])
          )
      )
      and last_over_time(account:sms_credit_pace:known[15m])
    ||| % severity,
    'for': '30m',
    keep_firing_for: '30m',
    labels: { severity: severities[severity] },
    annotations: {
      summary: 'The credit of {{ $labels.account }} at {{ $labels.provider }} will be used up %s.' % soon,
      description: messages.line(|||
        {{ $labels.account }} has %(balance)s {{ $labels.currency }} left and spends %(pace)s {{ $labels.currency }} a
        day (by the last day or the last week, whichever was faster): it lasts %(duration)s, and the %(severity)s
        threshold is %(threshold)s. Then no message is sent any more.
      |||, {
        balance: messages.amountOf('account:sms_credit_balance:min'),
        pace: messages.amountOf('account:sms_credit_pace:1d'),
        duration: messages.duration,
        severity: severity,
        threshold: messages.durationOf(
          'account:sms_credit_runway_threshold_seconds:max', 'severity="%s"' % severity
        ),
      }),
    },
  },

  prometheusAlerts+:: {
    groups+: [
      group($._config, 'sms_exporter_credit_alerts', [
        {
          alert: 'SMSCreditExhausted',
          expr: |||
            (
                last_over_time(account:sms_credit_balance:min[15m])
              <=
                min without (severity) (clamp_max(last_over_time(account:sms_credit_balance_threshold:max[15m]), 0))
            )
            or (
                max without (api, reason) (account:sms_api_failure:max{reason="insufficient_credit"})
              unless ignoring (currency, wallet) (
                  last_over_time(account:sms_credit_balance:min[15m])
                <=
                  min without (severity) (clamp_max(last_over_time(account:sms_credit_balance_threshold:max[15m]), 0))
              )
            ) == 1
          |||,
          'for': '5m',
          labels: { severity: severities.critical },
          annotations: {
            summary: 'The credit of {{ $labels.account }} at {{ $labels.provider }} is used up.',
            description: messages.line(|||
              {{ if $labels.currency }}{{ $labels.account }} has %(amount)s {{ $labels.currency }} left (the alert comes
              at 0, or at a critical threshold below that).{{ else }}{{ $labels.provider }} refuses
              {{ $labels.account }} for lack of credit.{{ end }} Messages are not sent any more, codes for signing in
              among them, until it is topped up.
            |||, { amount: messages.amount }),
          },
        },
        low('SMSCreditCritical', 'critical', 'nearly used up', '5m'),
        low('SMSCreditLow', 'warning', 'low', '15m'),
        runway('SMSCreditRunwayCritical', 'critical', 'very soon'),
        runway('SMSCreditRunwayShort', 'warning', 'soon'),
        // Five times the habit of the hour, and more than small change: a two-hundredth of the week's spend (about what
        // a mean hour takes), and 5 of a currency, 500 of one whose unit is worth about a cent, 50 messages or credits.
        {
          alert: 'SMSCreditSpendSpike',
          expr: |||
            (
                last_over_time(account:sms_credit_usage:1h[15m])
              > 5 * last_over_time(account:sms_credit_habit:1h[15m])
            )
            > last_over_time(account:sms_credit_spend:7d[15m]) / 200
            > 5
            unless last_over_time(
              account:sms_credit_usage:1h{currency=~"%s"}[15m]
            ) <= 500
            unless last_over_time(account:sms_credit_usage:1h{currency!~"[A-Z]{3}"}[15m]) <= 50
          ||| % $._config.weakCurrencies,
          'for': '10m',
          keep_firing_for: '30m',
          labels: { severity: severities.warning },
          annotations: {
            summary: '{{ $labels.account }} at {{ $labels.provider }} spends far more than it used to.',
            description: messages.line(|||
              {{ $labels.account }} spent %(spent)s {{ $labels.currency }} within an hour; at this time of day it is
              used to %(usual)s (the alert comes above five times that, and above small change). If this is no campaign,
              somebody may be making it send to numbers that earn by it (SMS pumping). What is left is %(balance)s
              {{ $labels.currency }}%(lasts)s.
            |||, {
              spent: messages.amountOf('account:sms_credit_spend:1h'),
              usual: messages.amountOf('account:sms_credit_habit:1h'),
              balance: messages.amountOf('account:sms_credit_balance:min'),
              // By the hour: the pace of a day is slow to follow.
              lasts: messages.query(
                '3600 * (last_over_time(account:sms_credit_balance:min{%(own)s}[15m]) >= 0)'
                + ' / (last_over_time(account:sms_credit_spend:1h{%(own)s}[15m]) > 0)',
                ' and lasts {{ . | first | value | %s }} at this rate' % messages.span,
                messages.balanceLabels,
                otherwise='',
                series=2,
              ),
            }),
          },
        },
        {
          alert: 'SMSCreditThresholdMissing',
          expr: |||
            last_over_time(account:sms_credit_balance:min[15m])
              unless ignoring (severity)
            last_over_time(account:sms_credit_balance_threshold:max[15m])
              and ignoring (currency, wallet, severity)
            last_over_time(account:sms_credit_runway_threshold_seconds:max[15m]) > 0
          |||,
          'for': '1h',
          labels: { severity: severities.info },
          annotations: {
            summary:
              '{{ $labels.account }} at {{ $labels.provider }} has no credit threshold in {{ $labels.currency }}.',
            description: messages.line(|||
              {{ $labels.account }} has %(amount)s {{ $labels.currency }}, and no threshold for that unit: nobody will
              be told when it is low or used up, only when its runway is short. Set
              thresholds.credit.{{ $labels.currency }}, or thresholds.credit to null if none is wanted.
            |||, { amount: messages.amount }),
          },
        },
      ]),
    ],
  },
}
