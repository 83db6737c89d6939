{
  grafanaDashboards+:: {
    'sms-account.json': import '../../dashboards/sms-account.json',
    'sms-exporter.json': import '../../dashboards/sms-exporter.json',
    'sms-overview.json': import '../../dashboards/sms-overview.json',
  },
}
