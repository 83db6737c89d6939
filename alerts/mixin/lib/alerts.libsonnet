// A group of alerts: each with links to its page and to a dashboard, and as `_config.alerts` will have it.
local accountDashboard = '/sms-account?var-provider={{ $labels.provider }}&var-account={{ $labels.account }}';

function(config, name, alerts) {
  local links(alert) = {
    [if config.runbookURLPattern != null then 'runbook_url']: config.runbookURLPattern % alert.alert,
    [if config.dashboardURL != null then 'dashboard_url']:
      config.dashboardURL + std.get(alert, 'dashboard', accountDashboard),
  },
  local changes(alert) = std.get(config.alerts, alert.alert, {}),

  name: name,
  interval: '1m',
  rules: [
    alert { annotations+: links(alert) } + changes(alert)
    for alert in alerts
    if changes(alert) != null
  ],
}
