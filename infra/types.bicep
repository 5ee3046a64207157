@export()
@description('How the app scales. An instance is billed while at least one request runs on it, so the concurrency is the lever of cost.')
type scaleSettings = {
  @description('Memory of an instance in MB.')
  instanceMemoryMB: 512 | 2048 | 4096

  @description('Most instances at once.')
  @minValue(1)
  @maxValue(1000)
  maximumInstanceCount: int

  @description('Requests that one instance serves at once. Streams wait for the provider most of their time: 64 to 200 is usual.')
  @minValue(1)
  @maxValue(1000)
  httpPerInstanceConcurrency: int

  @description('Instances that are always there; 0 scales to nothing.')
  @minValue(0)
  @maxValue(100)
  alwaysReadyInstances: int
}

@export()
@description('A model provider whose key is kept in Key Vault.')
type providerSettings = {
  @description('Its name in the gateway: letters, digits, "-", "_" and ".".')
  name: string

  @description('Its kind.')
  kind:
    | 'openai'
    | 'anthropic'
    | 'gemini'
    | 'azure-openai'
    | 'databricks'
    | 'openai-compatible'
    | 'ollama'
    | 'vllm'
    | 'lm-studio'
    | 'llama-cpp'
    | 'litellm'
    | 'mistral'
    | 'groq'
    | 'deepseek'
    | 'xai'
    | 'openrouter'
    | 'together'
    | 'fireworks'
    | 'cohere'
    | 'perplexity'
    | 'moonshot'
    | 'zhipu'
    | 'cerebras'

  @description('Name of the Key Vault secret that holds the key. The value is put there by hand or by a pipeline, never by this template.')
  secretName: string

  @description('Base URL, where it is not the vendor\'s own.')
  baseUrl: string?
}

@export()
@description('A caller of the gateway.')
type callerSettings = {
  @description('Name in usage records.')
  id: string

  @description('What kind of caller.')
  type: 'user' | 'servicePrincipal'

  @description('SHA-256 of the caller\'s key in hex (the App\'s new-key command prints one). A hash of a random key is no secret.')
  @minLength(64)
  @maxLength(64)
  keySha256: string

  @description('What it may see beside its own usage. Nothing, when left out.')
  role: ('none' | 'reader' | 'admin')?

  @description('Endpoints that it may use: names, or patterns such as openai/*, with commas. All, when left out.')
  endpoints: string?
}

@export()
@description('A model deployment of Azure OpenAI.')
type modelDeployment = {
  @description('Name of the deployment; the gateway\'s clients use it as azure/{name}.')
  name: string

  @description('Model.')
  model: string

  @description('Version of the model.')
  version: string

  @description('Where and how it is served.')
  sku:
    | 'Standard'
    | 'GlobalStandard'
    | 'DataZoneStandard'
    | 'ProvisionedManaged'
    | 'GlobalProvisionedManaged'
    | 'DataZoneProvisionedManaged'

  @description('Thousands of tokens a minute, or provisioned units.')
  @minValue(1)
  capacity: int
}

@export()
@description('A monthly budget of the resource group.')
type budgetSettings = {
  @description('Amount in the currency of the subscription.')
  @minValue(1)
  amount: int

  @description('First month, as yyyy-MM-01.')
  @minLength(10)
  @maxLength(10)
  startDate: string

  @description('Who is told at 80 % and when the forecast passes 100 %.')
  contactEmails: string[]
}

@export()
@description('Private network: where a resource puts its private endpoint. Null keeps public access.')
type privateLink = {
  @description('Virtual network in the same resource group; its subnet "endpoints" takes the endpoint.')
  network: string

  @description('Private DNS zones by the group id that they serve.')
  zones: stringMap
}

@export()
@description('Names and values.')
type stringMap = {
  *: string
}
