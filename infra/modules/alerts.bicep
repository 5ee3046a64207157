import { budgetSettings, stringMap } from '../types.bicep'

@description('Region.')
param location string

@description('Tags.')
param tags stringMap

@description('Resource id of the account of the usage records.')
param usageStorageId string

@description('Resource id of Application Insights.')
param insightsId string

@description('Who is told.')
param actionGroupId string

@description('Monthly budget, or null.')
param budget budgetSettings?

// Queries rather than the site's metrics: which of those a Flex Consumption app has is not settled.
var searches = [
  {
    name: 'gateway-http-5xx'
    // The host writes a row for each request, the gateway one of its own for those that it samples: only the host's are counted.
    description: 'The gateway answers with 5xx.'
    severity: 2
    query: 'requests | where toint(resultCode) >= 500 and isempty(tostring(customDimensions["gateway.outcome"]))'
    threshold: 10
  }
  {
    name: 'gateway-does-not-start'
    description: 'The gateway refuses its configuration; the log line lists every fault.'
    severity: 0
    query: 'traces | where message contains "The gateway\'s configuration has"'
    threshold: 0
  }
  {
    name: 'usage-spill'
    description: 'A usage record could not be stored at once, or not at all; the log line holds it.'
    severity: 1
    query: 'traces | where message contains "usage.spill" or message contains "usage.refused"'
    threshold: 0
  }
]

resource found 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for search in searches: {
    name: search.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      description: search.description
      severity: search.severity
      enabled: true
      scopes: [insightsId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT5M'
      criteria: {
        allOf: [
          {
            query: search.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: search.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [actionGroupId] }
      autoMitigate: true
    }
  }
]

resource tableAvailability 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'usage-table-availability'
  location: 'global'
  tags: tags
  properties: {
    description: 'The tables of the usage records fail: records may be piling up in journals.'
    severity: 1
    enabled: true
    scopes: ['${usageStorageId}/tableServices/default']
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'availability'
          metricNamespace: 'Microsoft.Storage/storageAccounts/tableServices'
          metricName: 'Availability'
          operator: 'LessThan'
          threshold: 99
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [{ actionGroupId: actionGroupId }]
  }
}

resource monthly 'Microsoft.Consumption/budgets@2024-08-01' = if (budget != null) {
  name: 'monthly'
  properties: {
    category: 'Cost'
    amount: budget.?amount ?? 1
    timeGrain: 'Monthly'
    timePeriod: { startDate: budget.?startDate ?? '' }
    notifications: {
      actual80: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: budget.?contactEmails ?? []
        contactGroups: [actionGroupId]
      }
      forecast100: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: budget.?contactEmails ?? []
        contactGroups: [actionGroupId]
      }
    }
  }
}
